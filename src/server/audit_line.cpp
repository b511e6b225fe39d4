#include "server/audit_line.hpp"

#include "json/cursor.hpp"
#include "security/digest.hpp"

#include <charconv>

namespace a2akit {
namespace {

constexpr std::size_t kHashDigits = 64;

bool read_count(json::Cursor& cursor, std::uint64_t& out) {
    std::string_view text;
    if (cursor.kind() != json::Kind::kNumber || !cursor.raw(text)) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool read_text(json::Cursor& cursor, std::string& out) {
    return cursor.kind() == json::Kind::kString && cursor.string(out);
}

}  // namespace

std::string first_audit_hash() { return std::string(kHashDigits, '0'); }

std::string audit_hash(std::string_view line) {
    std::string text;
    text.reserve(kHashDigits);
    for (const std::uint8_t byte : security::sha256(line)) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

std::optional<AuditLine> read_audit_line(std::string_view line) {
    AuditLine read;
    json::Cursor cursor(line, json::Mode::kStrict, {.max_depth = 4});
    const bool is_object =
        cursor.kind() == json::Kind::kObject && cursor.object([&](std::string_view name) {
            if (name == "seq") return read_count(cursor, read.sequence);
            if (name == "prev") return read_text(cursor, read.previous);
            if (name == "event") return read_text(cursor, read.event);
            if (name == "torn") return read_count(cursor, read.torn);
            if (name == "lost") return read_count(cursor, read.lost);
            return cursor.skip();
        });
    if (!is_object || !cursor.finish() || read.sequence == 0 || read.previous.size() != kHashDigits)
        return std::nullopt;
    return read;
}

}  // namespace a2akit
