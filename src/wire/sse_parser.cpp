#include "wire/sse_parser.hpp"

#include <charconv>

namespace a2akit::wire {

Result<void> SseParser::feed(std::string_view bytes, std::vector<SseEvent>& out) {
    while (!bytes.empty()) {
        if (after_cr_) {
            after_cr_ = false;
            if (bytes.front() == '\n') {
                bytes.remove_prefix(1);
                continue;
            }
        }
        const std::size_t end = bytes.find_first_of("\r\n");
        const std::string_view piece = bytes.substr(0, end);
        if (line_.size() + data_.size() + piece.size() > max_event_bytes_) {
            return fail(ErrorCode::kResourceExhausted, "an event of the stream is larger than " +
                                                           std::to_string(max_event_bytes_) +
                                                           " bytes");
        }
        line_ += piece;
        if (end == std::string_view::npos) break;
        after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        take_line(out);
        line_.clear();
    }
    return {};
}

void SseParser::take_line(std::vector<SseEvent>& out) {
    std::string_view line = line_;
    if (first_line_) {
        first_line_ = false;
        if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    }
    if (line.empty()) {
        if (has_data_) out.push_back({std::move(type_), std::move(data_), id_});
        type_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == 0) return;
    std::string_view value =
        colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
}

void SseParser::take_field(std::string_view name, std::string_view value) {
    if (name == "data") {
        if (has_data_) data_ += '\n';
        data_ += value;
        has_data_ = true;
    } else if (name == "id") {
        if (value.find('\0') == std::string_view::npos) id_ = value;
    } else if (name == "event") {
        type_ = value;
    } else if (name == "retry") {
        std::chrono::milliseconds::rep milliseconds = 0;
        const char* end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, milliseconds);
        const bool digits = parsed.ec == std::errc{} && parsed.ptr == end && milliseconds >= 0;
        if (digits) retry_ = std::chrono::milliseconds(milliseconds);
    }
}

}  // namespace a2akit::wire
