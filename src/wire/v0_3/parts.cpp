#include "json/scalars.hpp"

#include "wire/v0_3/forms.hpp"

#include <algorithm>
#include <array>

namespace a2akit::wire::v0_3 {
namespace {

// Indexed by the numbers of 1.0. A message without a role is the agent's.
constexpr std::array<std::string_view, 3> kRoles{"agent", "user", "agent"};
constexpr std::array<std::string_view, 9> kSchemaStates{
    "unknown",  "submitted",      "working",  "completed",    "failed",
    "canceled", "input-required", "rejected", "auth-required"};
constexpr std::array<std::string_view, 9> kProtoStates{
    "TASK_STATE_UNSPECIFIED",    "TASK_STATE_SUBMITTED", "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",      "TASK_STATE_FAILED",    "TASK_STATE_CANCELLED",
    "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_REJECTED",  "TASK_STATE_AUTH_REQUIRED"};

// Data that is not an object is wrapped in one, and this key in the part's metadata says so. The
// official Python SDK does the same.
constexpr std::string_view kWrapped = "data_part_compat";
constexpr std::string_view kWrappedData = R"({"value":)";

/// Base64 as an encoder writes it: the standard alphabet, padded, no bit left over.
bool is_canonical_base64(std::string_view text, std::string& decoded) {
    if (text.empty() || text.size() % 4 != 0 || !json::decode_base64(text, decoded)) return false;
    std::string again;
    json::append_base64(again, decoded);
    return again == text;
}

/// The Python SDK of 0.3 puts the base64 text into the proto's bytes, where JSON encodes it once
/// more. So what decodes to base64 is decoded again; a file that is itself base64 of something
/// can't be told apart, and is read like that, too.
void undo_double_encoding(std::string& bytes) {
    std::string decoded;
    if (is_canonical_base64(bytes, decoded)) bytes = std::move(decoded);
}

/// The metadata's note about wrapping, and the rest of the metadata.
struct Metadata {
    RawJson rest;
    bool wrapped = false;
};

Metadata split(const RawJson& metadata) {
    if (metadata.text().find(kWrapped) == std::string::npos) return {metadata, false};
    Metadata found;
    std::string rest = "{";
    json::Writer writer(rest);
    json::Cursor cursor(metadata.text(), json::Mode::kStrict, json::kReadBack);
    cursor.object([&](std::string_view key) {
        const bool mine = key == kWrapped;
        const std::string name(key);
        std::string_view value;
        if (!cursor.raw(value)) return false;
        if (mine) {
            found.wrapped = value == "true";
        } else {
            writer.foreign_key(name);
            writer.raw(value);
        }
        return true;
    });
    rest += '}';
    if (rest != "{}") found.rest = RawJson(std::move(rest));
    return found;
}

/// True when the metadata say that the data is wrapped; removes that note.
bool take_wrapped(RawJson& metadata) {
    Metadata found = split(metadata);
    if (found.wrapped) metadata = std::move(found.rest);
    return found.wrapped;
}

/// {"value":x} to x; anything else stays.
void unwrap(RawJson& data) {
    json::Cursor cursor(data.text(), json::Mode::kStrict, json::kReadBack);
    std::string value;
    int fields = 0;
    cursor.object([&](std::string_view key) {
        ++fields;
        const bool mine = key == "value";
        std::string_view text;
        if (!cursor.raw(text)) return false;
        if (mine) value = text;
        return true;
    });
    if (fields == 1 && !value.empty()) data = RawJson(std::move(value));
}

std::string_view kind_of(const AnyPart& part) noexcept {
    static constexpr std::array<std::string_view, 4> kKinds{"", "text", "file", "data"};
    return kKinds[part.content.index()];
}

void take_file(Form form, File&& file, Part& part) {
    part.media_type = std::move(file.mime_type);
    part.filename = std::move(file.name);
    if (auto* url = std::get_if<UrlContent>(&file.content)) {
        part.content = std::move(*url);
    } else if (auto* raw = std::get_if<RawContent>(&file.content)) {
        if (form == Form::kProto) undo_double_encoding(raw->bytes);
        part.content = std::move(*raw);
    }
}

void write_file(json::Writer& writer, Form form, const Part& part) {
    const bool schema = form == Form::kSchema;
    writer.begin_object();
    if (const auto* url = std::get_if<UrlContent>(&part.content)) {
        writer.key(schema ? "uri" : "fileWithUri");
        writer.string(url->url);
    } else if (const auto* raw = std::get_if<RawContent>(&part.content)) {
        writer.key(schema ? "bytes" : "fileWithBytes");
        if (schema) {
            writer.base64(raw->bytes);
        } else {
            std::string text;
            json::append_base64(text, raw->bytes);
            writer.base64(text);
        }
    }
    if (!part.media_type.empty()) {
        writer.key("mimeType");
        writer.string(part.media_type);
    }
    if (!part.filename.empty()) {
        writer.key("name");
        writer.string(part.filename);
    }
    writer.end_object();
}

void write_data(json::Writer& writer, Form form, const RawJson& data, bool wrapped) {
    if (form == Form::kProto) writer.raw(R"({"data":)");
    if (wrapped) writer.raw(kWrappedData);
    writer.raw(data.empty() ? "null" : std::string_view(data.text()));
    if (wrapped) writer.raw("}");
    if (form == Form::kProto) writer.raw("}");
}

void write_metadata(json::Writer& writer, const RawJson& metadata, bool wrapped) {
    if (metadata.empty() && !wrapped) return;
    writer.key("metadata");
    if (!wrapped) return writer.raw(metadata.text());
    writer.begin_object();
    writer.key(kWrapped);
    writer.boolean(true);
    const RawJson rest = split(metadata).rest;
    const std::string_view text = rest.text();
    if (text.size() > 2) {
        writer.raw(",");
        writer.raw(text.substr(1, text.size() - 2));
    }
    writer.end_object();
}

}  // namespace

std::span<const std::string_view> names(In<Form::kSchema, Role>*) noexcept { return kRoles; }
std::span<const std::string_view> names(In<Form::kSchema, TaskState>*) noexcept {
    return kSchemaStates;
}
std::span<const std::string_view> names(In<Form::kProto, TaskState>*) noexcept {
    return kProtoStates;
}

std::size_t find_name(std::span<const std::string_view> names, std::string_view name) noexcept {
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (names[i] == name) return i;
    }
    return names[0] == name ? 0 : names.size();
}

std::string list_names(std::span<const std::string_view> names) {
    std::string list;
    for (const std::string_view name : names.subspan(1)) {
        if (!list.empty()) list += ", ";
        list += name;
    }
    return list;
}

std::string_view task_of_name(std::string_view name) noexcept {
    constexpr std::string_view kTasks = "tasks/";
    if (!name.starts_with(kTasks)) return name;
    name.remove_prefix(kTasks.size());
    return name.substr(0, name.find('/'));
}

void take_part(json::Cursor& cursor, Form form, AnyPart&& read, Part& part) {
    const std::string_view kind = kind_of(read);
    if (!read.kind.empty() && !kind.empty() && read.kind != kind) {
        cursor.violation("kind", "must be \"" + std::string(kind) + "\", as the part holds that");
    }
    part.metadata = std::move(read.metadata);
    if (auto* text = std::get_if<TextContent>(&read.content)) {
        part.content = std::move(*text);
    } else if (auto* file = std::get_if<File>(&read.content)) {
        take_file(form, std::move(*file), part);
    } else if (auto* data = std::get_if<DataContent>(&read.content)) {
        if (take_wrapped(part.metadata)) unwrap(data->value);
        part.content = std::move(*data);
    }
}

void write_part(json::Writer& writer, Form form, const Part& part) {
    const auto begin = [&](std::string_view kind) {
        if (form == Form::kSchema) {
            writer.key("kind");
            writer.plain_string(kind);
        }
        writer.key(kind);
    };
    bool wrapped = false;
    writer.begin_object();
    if (const RawJson* data = part.data()) {
        wrapped = !data->text().starts_with('{');
        begin("data");
        write_data(writer, form, *data, wrapped);
    } else if (part.content.index() <= 1) {
        begin("text");
        const std::string* text = part.text();
        writer.string(text != nullptr ? std::string_view(*text) : std::string_view());
    } else {
        begin("file");
        write_file(writer, form, part);
    }
    write_metadata(writer, part.metadata, wrapped);
    writer.end_object();
}

}  // namespace a2akit::wire::v0_3
