#include "json/writer.hpp"

namespace a2akit::json {

void Writer::put_slowly(std::string_view text) {
    settle();
    if (!running_ || text.size() > kSlack) {
        out_ += text;
        return;
    }
    const std::size_t used = out_.size();
    const std::size_t room = out_.capacity() - used;
    out_.resize(used + (room < text.size() ? kSlack : std::min(room, kSlack)));
    at_ = std::copy_n(text.data(), text.size(), out_.data() + used);
    limit_ = out_.data() + out_.size();
}

void Writer::plain_string_slowly(std::string_view text) {
    put('"');
    put(text);
    put('"');
}

void Writer::string_with_escapes(std::string_view text, const char* stop) {
    put('"');
    put({text.data(), stop});
    escape(stop, text.data() + text.size());
    put('"');
}

void Writer::escape(const char* at, const char* end) {
    static constexpr char kHex[] = "0123456789abcdef";
    while (at != end) {
        const char c = *at++;
        switch (c) {
            case '"':
                put("\\\"");
                break;
            case '\\':
                put("\\\\");
                break;
            case '\n':
                put("\\n");
                break;
            case '\r':
                put("\\r");
                break;
            case '\t':
                put("\\t");
                break;
            case '\b':
                put("\\b");
                break;
            case '\f':
                put("\\f");
                break;
            default:
                put("\\u00");
                put(kHex[(c >> 4) & 0xf]);
                put(kHex[c & 0xf]);
        }
        const char* const stop = find_special(at, end);
        put({at, stop});
        at = stop;
    }
}

}  // namespace a2akit::json
