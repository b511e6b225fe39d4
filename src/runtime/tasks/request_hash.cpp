#include "json/cursor.hpp"
#include "json/writer.hpp"
#include "runtime/tasks/task_manager.hpp"

#include <a2akit/protocol/json.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

/// A value with a longer canonical text is replaced by its digest, so that deeply nested values are
/// copied and compared once, and not once for each level around them.
constexpr std::size_t kLongestPart = 128;

bool append_canonical(json::Cursor& cursor, std::string& out);

std::array<std::uint8_t, 32> digest(std::string_view text) {
    std::array<std::uint8_t, 32> hash{};
    EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    return hash;
}

// No canonical text begins like this.
void append_digest(std::string_view text, std::string& out) {
    out += '#';
    for (const std::uint8_t byte : digest(text)) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
}

void shorten(std::string& out, std::size_t begin) {
    if (out.size() - begin <= kLongestPart) return;
    std::string shorter;
    append_digest(std::string_view(out).substr(begin), shorter);
    out.replace(begin, out.npos, shorter);
}

// The fields of a Struct have no order: a client may repeat them in another order, and another
// binding may write them so.
bool append_object(json::Cursor& cursor, std::string& out) {
    std::vector<std::pair<std::string, std::string>> fields;
    const bool read = cursor.object([&](std::string_view key) {
        auto& [name, value] = fields.emplace_back(key, std::string());
        return append_canonical(cursor, value);
    });
    std::sort(fields.begin(), fields.end());
    json::Writer writer(out);
    writer.begin_object();
    for (const auto& [name, value] : fields) {
        writer.foreign_key(name);
        writer.raw(value);
    }
    writer.end_object();
    return read;
}

bool append_array(json::Cursor& cursor, std::string& out) {
    json::Writer writer(out);
    writer.begin_array();
    const bool read = cursor.array([&] {
        writer.element();
        return append_canonical(cursor, out);
    });
    writer.end_array();
    return read;
}

// 1.0 and 1e0 are 1. Whole numbers stay as they are: as a double two long ones might become the
// same.
bool append_number(json::Cursor& cursor, std::string& out) {
    std::string_view text;
    if (!cursor.token(text, "a number")) return false;
    double number = 0;
    if (text.find_first_of(".eE") != std::string_view::npos) {
        std::from_chars(text.data(), text.data() + text.size(), number);
        char digits[32];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    } else {
        out += text;
    }
    return true;
}

bool append_canonical(json::Cursor& cursor, std::string& out) {
    const std::size_t begin = out.size();
    switch (cursor.kind()) {
        case json::Kind::kObject:
        case json::Kind::kArray: {
            const bool is_object = cursor.kind() == json::Kind::kObject;
            const bool read = is_object ? append_object(cursor, out) : append_array(cursor, out);
            shorten(out, begin);
            return read;
        }
        case json::Kind::kNumber:
            return append_number(cursor, out);
        case json::Kind::kString: {
            std::string text;
            if (!cursor.string(text)) return false;
            json::Writer(out).string(text);
            return true;
        }
        default: {
            std::string_view text;
            if (!cursor.raw(text)) return false;
            out += text;
            return true;
        }
    }
}

}  // namespace

std::string message_key(const Message& message) {
    std::string named;
    // Every text is hashed with its length, so that no two messages have the same key.
    const std::string& place = message.task_id.empty() ? message.context_id : message.task_id;
    for (const std::string& text :
         {std::string(message.task_id.empty() ? "c" : "t"), place, message.message_id}) {
        named += std::to_string(text.size());
        named += ':';
        named += text;
    }
    std::array<std::uint8_t, 32> hash{};
    EVP_Digest(named.data(), named.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    std::string key{kOwnKeyMark, 'm'};
    for (const std::uint8_t byte : hash) key += fmt::format("{:02x}", byte);
    return key;
}

std::array<std::uint8_t, 32> request_hash(const SendMessageRequest& request) {
    SendMessageRequest without_tenant = request;
    without_tenant.tenant.clear();
    const std::string written = to_json(without_tenant);
    json::Cursor cursor(written, json::Mode::kStrict, json::kReadBack);
    std::string canonical;
    append_canonical(cursor, canonical);
    return digest(canonical);
}

}  // namespace a2akit
