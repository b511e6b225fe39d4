#pragma once

#include "json/cursor.hpp"
#include "json/writer.hpp"

#include <a2akit/core/result.hpp>

#include <string>
#include <string_view>

// One codec per message of the protocol, made from its description. Declared for all 44 messages;
// the templates are instantiated in codec_*.cpp, so that including this costs nothing.

namespace a2akit::json {

/// Reads the value at the cursor into `message`, in place. Fields that the text leaves out are not
/// changed, so a caller may fill in values from elsewhere beforehand (an id from the path). In
/// Mode::kStrict, notes every required field that is then missing or empty. False: the text is not
/// JSON; return immediately. Ask `cursor.finish()` at the end.
///
/// A field given twice, in whichever spelling, is a violation; so are two alternatives of a oneof.
template <class M>
bool read(Cursor& cursor, M& message);

/// Appends the message at the writer. Writes every required field, even when it is empty; checks
/// nothing.
template <class M>
void write(Writer& writer, const M& message);

/// Reads a whole text. kParseError, or kInvalidParams with Details::violations: every field that is
/// wrong.
template <class M>
[[nodiscard]] Result<M> decode(std::string_view text, Mode mode = Mode::kStrict,
                               Limits limits = {}) {
    Cursor cursor(text, mode, limits);
    Result<M> message(tl::in_place);
    read(cursor, *message);
    if (auto end = cursor.finish(); !end) message = fail(std::move(end.error()));
    return message;
}

/// Appends the message to `out`.
template <class M>
void encode(const M& message, std::string& out) {
    Writer writer(out);
    const Writer::Run run(writer);
    write(writer, message);
}

template <class M>
[[nodiscard]] std::string encode(const M& message) {
    std::string out;
    Writer writer(out);
    write(writer,
          message);  // Not in a run: the text may be kept, and is not larger than it has to be.
    return out;
}

}  // namespace a2akit::json
