#include "json/writer.hpp"

namespace a2akit::json {

void Writer::escape(const char* at, const char* end) {
    static constexpr char kHex[] = "0123456789abcdef";
    while (at != end) {
        const char c = *at++;
        switch (c) {
            case '"':
                out_.append("\\\"", 2);
                break;
            case '\\':
                out_.append("\\\\", 2);
                break;
            case '\n':
                out_.append("\\n", 2);
                break;
            case '\r':
                out_.append("\\r", 2);
                break;
            case '\t':
                out_.append("\\t", 2);
                break;
            case '\b':
                out_.append("\\b", 2);
                break;
            case '\f':
                out_.append("\\f", 2);
                break;
            default:
                out_.append("\\u00", 4);
                out_ += kHex[(c >> 4) & 0xf];
                out_ += kHex[c & 0xf];
        }
        const char* const stop = find_special(at, end);
        out_.append(at, stop);
        at = stop;
    }
}

}  // namespace a2akit::json
