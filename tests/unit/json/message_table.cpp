#include "unit/json/message_table.hpp"

#include "json/cursor.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace a2akit::json {
namespace {

bool read_field(Cursor& cursor, TableField& field) {
    return cursor.object([&](std::string_view key) {
        if (key == "name") return cursor.string(field.name);
        if (key == "json") return cursor.string(field.json);
        if (key == "type") return cursor.string(field.type);
        if (key == "oneof") return cursor.string(field.oneof);
        if (key == "repeated") return cursor.boolean(field.repeated);
        if (key == "required") return cursor.boolean(field.required);
        if (key == "optional") return cursor.boolean(field.optional);
        return cursor.skip();
    });
}

MessageTable read_table(const std::string& text) {
    MessageTable table;
    Cursor cursor(text);
    cursor.object([&](std::string_view part) {
        if (part == "messages") {
            return cursor.object([&](std::string_view name) {
                auto& fields = table.messages[std::string(name)];
                return cursor.array([&] { return read_field(cursor, fields.emplace_back()); });
            });
        }
        if (part == "enums") {
            return cursor.object([&](std::string_view name) {
                auto& values = table.enums[std::string(name)];
                return cursor.object([&](std::string_view value) {
                    return cursor.int32(values[std::string(value)]);
                });
            });
        }
        return cursor.skip();
    });
    if (const auto end = cursor.finish(); !end) throw std::runtime_error(end.error().message);
    return table;
}

}  // namespace

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const MessageTable& message_table() {
    static const MessageTable kTable =
        read_table(read_file(A2AKIT_TEST_DATA "/a2a-v1.0-messages.json"));
    return kTable;
}

}  // namespace a2akit::json
