#include <a2akit/protocol/message.hpp>

namespace a2akit {

std::string join_text(const std::vector<Part>& parts, std::string_view separator) {
    std::string joined;
    bool first = true;
    for (const auto& part : parts) {
        const std::string* text = part.text();
        if (text == nullptr) continue;
        if (!first) joined += separator;
        joined += *text;
        first = false;
    }
    return joined;
}

std::string Message::text() const { return join_text(parts, "\n"); }
std::string Artifact::text() const { return join_text(parts, ""); }

}  // namespace a2akit
