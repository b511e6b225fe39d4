#include "serve/json_lines.hpp"

#include "json/codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace a2akit::serve {
namespace {

using Type = CommandLine::Type;

constexpr std::array<std::pair<std::string_view, Type>, 9> kTypes{{
    {"status", Type::kStatus},
    {"artifact", Type::kArtifact},
    {"checkpoint", Type::kCheckpoint},
    {"complete", Type::kComplete},
    {"respond", Type::kRespond},
    {"fail", Type::kFail},
    {"reject", Type::kReject},
    {"input-required", Type::kInputRequired},
    {"auth-required", Type::kAuthRequired},
}};

std::string known_types() {
    std::string names;
    for (const auto& [name, type] : kTypes) {
        names += (names.empty() ? "" : ", ");
        names += name;
    }
    return names;
}

/// The fields as they stand, in any order; `finish` makes the line of them.
class LineFields {
public:
    bool read(json::Cursor& cursor) {
        if (cursor.kind() != json::Kind::kObject) return cursor.mismatch("a JSON object");
        return cursor.object([&](std::string_view key) { return read_field(cursor, key); });
    }

    Result<CommandLine> finish() {
        const auto* const found = std::find_if(kTypes.begin(), kTypes.end(),
                                               [&](const auto& one) { return one.first == type_; });
        if (found == kTypes.end()) {
            return Error::invalid_field("type", (type_.empty() ? "is missing" : "is unknown") +
                                                    std::string("; use one of ") + known_types());
        }
        line_.type = found->second;
        collect_parts();
        if (const auto problem = missing()) return *problem;
        return std::move(line_);
    }

private:
    bool read_field(json::Cursor& cursor, std::string_view key) {
        const std::array<std::pair<std::string_view, std::string*>, 8> texts{{
            {"type", &type_},
            {"artifactId", &line_.artifact_id},
            {"name", &line_.name},
            {"description", &line_.description},
            {"mediaType", &media_type_},
            {"filename", &filename_},
            {"authUrl", &line_.auth_url},
            {"url", &url_},
        }};
        for (const auto& [name, field] : texts) {
            if (key == name) return read_text(cursor, *field);
        }
        if (key == "text") return read_text(cursor, text_.emplace());
        if (key == "bytes") return cursor.bytes(bytes_.emplace());
        if (key == "append") return cursor.boolean(line_.append);
        if (key == "lastChunk") return cursor.boolean(line_.last_chunk);
        if (key == "data") return cursor.raw_json(data_);
        if (key == "metadata") return cursor.raw_json(line_.metadata);
        if (key == "checkpoint") return cursor.raw_json(line_.checkpoint);
        if (key == "parts")
            return cursor.array([&] { return json::read(cursor, parts_.emplace_back()); });
        if (key == "schemes")
            return cursor.array([&] { return read_text(cursor, line_.schemes.emplace_back()); });
        cursor.violation({}, "is not a field of this protocol");
        return cursor.skip();
    }
    static bool read_text(json::Cursor& cursor, std::string& out) {
        return cursor.kind() == json::Kind::kString ? cursor.string(out)
                                                    : cursor.mismatch("a string");
    }

    void add(Part part) {
        part.media_type = media_type_;
        part.filename = filename_;
        line_.parts.push_back(std::move(part));
    }
    void collect_parts() {
        if (text_) add(Part::from_text(std::move(*text_)));
        if (!data_.empty()) add(Part::from_data(std::move(data_)));
        if (bytes_) add(Part::from_bytes(std::move(*bytes_), {}));
        if (!url_.empty()) add(Part::from_url(std::move(url_), {}));
        for (Part& part : parts_) line_.parts.push_back(std::move(part));
        for (const Part& part : line_.parts) {
            if (part.text() == nullptr) continue;
            line_.text = *part.text();
            break;
        }
    }
    [[nodiscard]] std::optional<Error> missing() const {
        const bool may_be_empty = line_.type == Type::kComplete || line_.type == Type::kCheckpoint;
        if (!may_be_empty && line_.parts.empty())
            return Error::invalid_field("text", "is missing; or give data, bytes, url or parts");
        if (line_.type == Type::kCheckpoint && line_.checkpoint.empty())
            return Error::invalid_field("checkpoint", "is missing");
        return std::nullopt;
    }

    CommandLine line_;
    std::string type_;
    std::optional<std::string> text_;
    RawJson data_;
    std::optional<std::string> bytes_;
    std::string url_;
    std::vector<Part> parts_;
    std::string media_type_;
    std::string filename_;
};

void write_texts(json::Writer& writer, const std::vector<std::string>& texts) {
    writer.begin_array();
    for (const std::string& text : texts) {
        writer.element();
        writer.string(text);
    }
    writer.end_array();
}

}  // namespace

Result<CommandLine> read_command_line(std::string_view line) {
    json::Cursor cursor(line);
    LineFields fields;
    fields.read(cursor);
    if (Result<void> end = cursor.finish(); !end) return fail(std::move(end.error()));
    return fields.finish();
}

std::string message_line(const TaskContext& ctx) {
    std::string out;
    json::Writer writer(out);
    const auto text = [&](std::string_view key, std::string_view value) {
        writer.key(key);
        writer.string(value);
    };
    const auto raw = [&](std::string_view key, const RawJson& value) {
        if (value.empty()) return;
        writer.key(key);
        writer.raw(value.text());
    };
    writer.begin_object();
    text("type", "message");
    text("taskId", ctx.task_id());
    text("contextId", ctx.context_id());
    text("messageId", ctx.message_id());
    text("text", ctx.user_text());
    writer.key("parts");
    writer.begin_array();
    for (const Part& part : ctx.parts()) {
        writer.element();
        json::write(writer, part);
    }
    writer.end_array();
    raw("metadata", ctx.metadata());
    raw("checkpoint", ctx.checkpoint());
    writer.key("history");
    writer.begin_array();
    for (const Shared<Message>& message : ctx.history()) {
        writer.element();
        json::write(writer, *message);
    }
    writer.end_array();
    writer.key("acceptedOutputModes");
    write_texts(writer, ctx.accepted_output_modes());
    writer.key("referenceTaskIds");
    write_texts(writer, ctx.reference_task_ids());
    text("user", ctx.principal().name);
    text("tenant", ctx.tenant());
    writer.key("attempt");
    writer.integer(ctx.attempt());
    writer.end_object();
    out += '\n';
    return out;
}

std::string cancel_line() { return "{\"type\":\"cancel\"}\n"; }

std::optional<std::string> LineReader::next(bool at_end) {
    for (;;) {
        const std::size_t newline = kept_.find('\n', searched_);
        std::size_t end = newline;
        if (newline == std::string::npos) {
            searched_ = kept_.size();
            if (!at_end || begin_ == kept_.size()) break;
            end = kept_.size();
        }
        std::string line = kept_.substr(begin_, end - begin_);
        begin_ = searched_ = std::min(end + 1, kept_.size());
        ++number_;
        if (line.find_first_not_of(" \t\r") != std::string::npos) return line;
    }
    kept_.erase(0, std::exchange(begin_, 0));
    searched_ = kept_.size();
    return std::nullopt;
}

}  // namespace a2akit::serve
