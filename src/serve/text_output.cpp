#include "serve/text_output.hpp"

#include "json/utf8.hpp"

#include <algorithm>

namespace a2akit::serve {

std::size_t whole_characters(std::string_view text) noexcept {
    constexpr std::size_t kLongest = 4;
    const std::size_t most = std::min(kLongest, text.size());
    for (std::size_t back = 1; back <= most; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (byte < 0x80) break;
        if (byte < 0xC0) continue;
        const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
        return back < length ? text.size() - back : text.size();
    }
    return text.size();
}

std::string TextOutput::take(std::size_t size) {
    std::string piece = json::as_utf8(kept_.substr(0, size));
    kept_.erase(0, size);
    return piece;
}

std::string TextOutput::lines() {
    // The newline stays for the next piece, since the last one of all is left out.
    const std::size_t newline = kept_.rfind('\n');
    if (newline != std::string::npos && newline != 0) return take(newline);
    if (kept_.size() >= kPiece) return all();
    return {};
}

std::string TextOutput::all() {
    std::size_t size = whole_characters(kept_);
    if (size > 0 && kept_[size - 1] == '\n') --size;
    return take(size);
}

std::string TextOutput::rest() {
    if (kept_.ends_with('\n')) kept_.pop_back();
    return take(kept_.size());
}

void Tail::add(std::string_view bytes) {
    kept_.append(bytes);
    if (kept_.size() <= most_) return;
    kept_.erase(0, kept_.size() - most_);
    cut_ = true;
}

std::string Tail::text() const {
    std::size_t begin = 0;
    while (cut_ && begin < kept_.size() &&
           (static_cast<unsigned char>(kept_[begin]) & 0xC0) == 0x80)
        ++begin;
    const std::size_t end = kept_.find_last_not_of(" \t\r\n");
    if (end == std::string::npos || end < begin) return {};
    return (cut_ ? "..." : "") + json::as_utf8(kept_.substr(begin, end + 1 - begin));
}

}  // namespace a2akit::serve
