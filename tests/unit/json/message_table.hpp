#pragma once

#include <map>
#include <string>
#include <vector>

namespace a2akit::json {

/// One field, as tests/data/a2a-v1.0-messages.json describes it.
struct TableField {
    std::string name;
    std::string json;
    std::string type;
    std::string oneof;
    bool repeated = false;
    bool required = false;
    bool optional = false;
};

struct MessageTable {
    std::map<std::string, std::vector<TableField>> messages;
    std::map<std::string, std::map<std::string, int>> enums;
};

/// The specification's table, read once.
[[nodiscard]] const MessageTable& message_table();

[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace a2akit::json
