// Any bytes at all, as every message: no crash, and what is read as a message writes a text that is
// read as the same message.

#include "unit/json/all_messages.hpp"

#include <a2akit/protocol/json.hpp>

#include <cstdlib>

namespace {

using namespace a2akit;

template <class M>
void check(std::string_view text, json::Mode mode) {
    const auto message = json::decode<M>(text, mode);
    if (!message) return;
    const std::string written = json::encode(*message);
    const auto again = json::decode<M>(written, json::Mode::kLenient);
    if (!again || json::encode(*again) != written) std::abort();
    // What peers and older versions wrote may hold NUL, which is not allowed in new JSON.
    if (mode == json::Mode::kStrict && !parse_raw_json(written)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto mode : {json::Mode::kStrict, json::Mode::kLenient}) {
        json::for_each_message([&]<class M>() { check<M>(text, mode); });
    }
    const auto value = parse_raw_json(text);
    if (value && parse_raw_json(value->text())->text() != value->text()) std::abort();
    return 0;
}
