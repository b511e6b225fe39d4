#include <a2akit/protocol/json.hpp>

#include "json/codec.hpp"

namespace a2akit {

template <class M>
Result<M> from_json(std::string_view text) {
    return json::decode<M>(text, json::Mode::kStrict, json::kReadBack);
}

template <class M>
std::string to_json(const M& message) {
    return json::encode(message);
}

Result<RawJson> parse_raw_json(std::string_view text) {
    json::Cursor cursor(text);
    Result<RawJson> value(tl::in_place);
    cursor.raw_json(*value);
    if (auto end = cursor.finish(); !end) value = fail(std::move(end.error()));
    return value;
}

RawJson json_string(std::string_view text) {
    std::string out;
    json::Writer(out).string(text);
    return RawJson(std::move(out));
}

#define A2AKIT_PUBLIC_JSON(M)                          \
    template Result<M> from_json<M>(std::string_view); \
    template std::string to_json<M>(const M&);

A2AKIT_PUBLIC_JSON(AgentCard)
A2AKIT_PUBLIC_JSON(Task)
A2AKIT_PUBLIC_JSON(Message)
A2AKIT_PUBLIC_JSON(Part)
A2AKIT_PUBLIC_JSON(Artifact)
A2AKIT_PUBLIC_JSON(StreamResponse)
A2AKIT_PUBLIC_JSON(SendMessageRequest)

}  // namespace a2akit
