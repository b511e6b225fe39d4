#pragma once

#include "json/cursor.hpp"
#include "json/writer.hpp"

#include <a2akit/protocol/requests.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The messages of protocol 0.3, described over the types of 1.0: fields that both versions have
/// are read into those types and written from them, without a copy. Where the versions differ in
/// more than names, a small type or a separate ValueCodec translates. docs/reference/versions.md
/// holds the rules.
namespace a2akit::wire::v0_3 {

/// The two forms of 0.3: JSON-RPC uses that of its JSON schema, HTTP+JSON that of its protocol
/// buffers.
enum class Form { kSchema, kProto };

/// The tag for T as it looks in a form. Never defined.
template <Form F, class T>
struct In;

/// The tag for a flag that says the opposite: "blocking" for return_immediately.
struct Opposite;
/// The tag for a list of which one element is kept: "schemes" for scheme.
struct FirstOfList;
/// The tag for an id that is written as "tasks/{id}".
struct TaskName;
/// The tag for 0.3's PushNotificationConfig: the same without the ids of tenant and task.
struct PushConfig;

/// A file of a part, with its bytes or with a URI.
struct File {
    std::variant<std::monostate, RawContent, UrlContent> content;
    std::string mime_type;
    std::string name;
};

/// A part while it is read.
struct AnyPart {
    std::variant<std::monostate, TextContent, File, DataContent> content;
    std::string kind;
    RawJson metadata;
};

/// The schema's TaskPushNotificationConfig.
struct TaskConfig {
    std::string task_id;
    TaskPushNotificationConfig config;
};
/// The proto's: the name is "tasks/{id}/pushNotificationConfigs/{config id}".
struct NamedConfig {
    std::string name;
    std::optional<TaskPushNotificationConfig> config;
};
/// The request that creates one. Some clients send all of it, as gRPC does, and some only the
/// configuration.
struct CreateConfig : NamedConfig {
    std::string parent;  ///< "tasks/{id}"
    std::string config_id;
    std::optional<NamedConfig> inner;
};

/// The names of an enum's values, by number.
[[nodiscard]] std::span<const std::string_view> names(In<Form::kSchema, Role>*) noexcept;
[[nodiscard]] std::span<const std::string_view> names(In<Form::kSchema, TaskState>*) noexcept;
[[nodiscard]] std::span<const std::string_view> names(In<Form::kProto, TaskState>*) noexcept;
/// The number of the value with this name; the names' size when there is none.
[[nodiscard]] std::size_t find_name(std::span<const std::string_view> names,
                                    std::string_view name) noexcept;
/// The names to list in an error: all except the one for the unspecified value.
[[nodiscard]] std::string list_names(std::span<const std::string_view> names);

/// Makes a part from the fields that were read; notes an error when they cannot be one.
void take_part(json::Cursor& cursor, Form form, AnyPart&& read, Part& part);
void write_part(json::Writer& writer, Form form, const Part& part);

/// The id in "tasks/{id}" or "tasks/{id}/…"; the whole text when it has no such form.
[[nodiscard]] std::string_view task_of_name(std::string_view name) noexcept;

}  // namespace a2akit::wire::v0_3
