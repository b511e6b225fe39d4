// The descriptions and the specification's table of messages say the same, field for field.

#include "json/scalars.hpp"
#include "unit/json/all_messages.hpp"
#include "unit/json/message_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace a2akit::json {
namespace {

template <class T>
struct WireType {
    static std::string name() { return std::string(Description<T>::kName); }
};
#define A2AKIT_WIRE_TYPE(T, NAME)                  \
    template <>                                    \
    struct WireType<T> {                           \
        static std::string name() { return NAME; } \
    };
A2AKIT_WIRE_TYPE(std::string, "string")
A2AKIT_WIRE_TYPE(bool, "bool")
A2AKIT_WIRE_TYPE(std::int32_t, "int32")
A2AKIT_WIRE_TYPE(TaskState, "TaskState")
A2AKIT_WIRE_TYPE(Role, "Role")
A2AKIT_WIRE_TYPE(Timestamp, "google.protobuf.Timestamp")
A2AKIT_WIRE_TYPE(RawJson, "google.protobuf.Struct")
A2AKIT_WIRE_TYPE(TextContent, "string")
A2AKIT_WIRE_TYPE(RawContent, "bytes")
A2AKIT_WIRE_TYPE(UrlContent, "string")
A2AKIT_WIRE_TYPE(DataContent, "google.protobuf.Value")
#undef A2AKIT_WIRE_TYPE

/// What a member's C++ type says of its field.
template <class T>
struct Shape : WireType<T> {
    static constexpr bool kRepeated = false;
    static constexpr bool kOptional = false;
};
template <class T>
struct Shape<Shared<T>> : Shape<T> {};
template <class T>
struct Shape<std::optional<T>> : Shape<T> {
    /// A message or a time knows absence anyhow; only scalars are marked in the protocol buffer.
    static constexpr bool kOptional = std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;
};
template <class T>
struct Shape<std::vector<T>> : Shape<T> {
    static constexpr bool kRepeated = true;
};
template <class T>
struct Shape<std::map<std::string, T>> : Shape<T> {
    static std::string name() { return "map<string," + WireType<T>::name() + ">"; }
};

template <class F>
TableField as_table_field(const F& field) {
    using S = Shape<typename F::Value>;
    TableField row{.name = std::string(field.name.snake()),
                   .json = std::string(field.name.camel()),
                   .type = S::name(),
                   .repeated = S::kRepeated,
                   .optional = S::kOptional};
    if constexpr (F::kIsAlternative) {
        row.oneof = field.oneof;
    } else {
        row.required = field.need != Need::kOptional;
    }
    return row;
}

std::string to_line(const TableField& field) {
    return field.name + " (" + field.json + "): " + field.type +
           (field.repeated ? ", repeated" : "") + (field.required ? ", required" : "") +
           (field.optional ? ", optional" : "") +
           (field.oneof.empty() ? "" : ", of " + field.oneof);
}

TEST(MessageTable, HoldsEveryDescribedMessageFieldForField) {
    std::set<std::string> described;
    for_each_message([&]<class M>() {
        const std::string name(Description<M>::kName);
        described.insert(name);
        const auto entry = message_table().messages.find(name);
        ASSERT_NE(entry, message_table().messages.end()) << name;
        std::vector<TableField> fields;
        std::apply([&](const auto&... field) { (fields.push_back(as_table_field(field)), ...); },
                   Description<M>::kFields);
        ASSERT_EQ(fields.size(), entry->second.size()) << name;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            EXPECT_EQ(to_line(fields[i]), to_line(entry->second[i])) << name;
        }
    });
    EXPECT_EQ(described.size(), 44u);
    for (const auto& [name, fields] : message_table().messages) {
        EXPECT_TRUE(described.contains(name)) << name << " has no description";
    }
}

template <class E>
std::map<std::string, int> names_and_numbers() {
    std::map<std::string, int> values;
    for (const auto& entry : enum_names(E{}))
        values[std::string(entry.name)] = static_cast<int>(entry.value);
    return values;
}

TEST(MessageTable, HoldsEveryEnumValue) {
    EXPECT_EQ(names_and_numbers<TaskState>(), message_table().enums.at("TaskState"));
    EXPECT_EQ(names_and_numbers<Role>(), message_table().enums.at("Role"));
    EXPECT_EQ(message_table().enums.size(), 2u);
    for (const auto& entry : enum_names(TaskState{})) EXPECT_EQ(entry.name, to_string(entry.value));
}

}  // namespace
}  // namespace a2akit::json
