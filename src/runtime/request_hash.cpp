#include "json/cursor.hpp"
#include "json/writer.hpp"
#include "runtime/task_manager.hpp"

#include <a2akit/protocol/json.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

bool append_canonical(json::Cursor& cursor, std::string& out);

// What a Struct holds has no order: a client that repeats itself, or another binding, may write it in another one.
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
        std::string value;
        const bool one = append_canonical(cursor, value);
        writer.raw(value);
        return one;
    });
    writer.end_array();
    return read;
}

// 1.0 and 1e0 are 1. Whole numbers stay as they are: as a double two long ones might become the same.
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
    switch (cursor.kind()) {
        case json::Kind::kObject: return append_object(cursor, out);
        case json::Kind::kArray: return append_array(cursor, out);
        case json::Kind::kNumber: return append_number(cursor, out);
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

std::array<std::uint8_t, 32> request_hash(const SendMessageRequest& request) {
    SendMessageRequest without_tenant = request;
    without_tenant.tenant.clear();
    const std::string written = to_json(without_tenant);
    json::Limits limits;
    limits.max_bytes = written.size();
    limits.max_depth *= 2;  // It was held to the limits when it was read.
    json::Cursor cursor(written, json::Mode::kStrict, limits);
    std::string canonical;
    append_canonical(cursor, canonical);
    std::array<std::uint8_t, 32> hash{};
    EVP_Digest(canonical.data(), canonical.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    return hash;
}

}  // namespace a2akit
