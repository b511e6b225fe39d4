#include "backends/common/reencryption.hpp"

#include "backends/common/sealed_content.hpp"
#include "backends/common/stored_form.hpp"
#include "json/codec.hpp"

#include <utility>
#include <vector>

namespace a2akit::backends {
namespace {

using Kind = ContentCheck::Kind;
using Renewed = Result<std::optional<std::string>>;

/// `content` as it was read, and what renews it.
template <class T, class Renew, class Write>
Renewed renew_read(Result<T> content, Renew&& renew, Write&& write) {
    if (!content) return fail(std::move(content.error()));
    const Result<bool> renewed = renew(*content);
    if (!renewed) return fail(renewed.error());
    if (!*renewed) return std::optional<std::string>();
    return std::optional<std::string>(write(*content));
}

Renewed renew_stored(const SealedContent& content, Kind kind, std::string_view bytes) {
    const auto stored = [](const auto& value) { return to_stored(value); };
    const auto text = [](const RawJson& json) { return std::string(json.text()); };
    const auto each = [&content](auto& all) -> Result<bool> {
        bool any = false;
        for (auto& one : all) {
            const Result<bool> renewed = content.renew(one);
            if (!renewed) return renewed;
            any = any || *renewed;
        }
        return any;
    };
    const auto whole = [&content](auto& one) { return content.renew(one); };
    switch (kind) {
        case Kind::kStatus:
            return renew_read(
                read_stored_status(bytes),
                [&](StoredStatus& s) { return content.renew(s.message, s.metadata); }, stored);
        case Kind::kMessages:
            return renew_read(read_stored_messages(bytes), each, stored);
        case Kind::kChunks:
            return renew_read(read_stored_chunks(bytes), each, stored);
        case Kind::kInput:
            return renew_read(read_stored_input(bytes), whole, stored);
        case Kind::kMessage: {
            auto read = read_stored_message(bytes);
            if (!read) return fail(std::move(read.error()));
            return renew_read(Result<Shared<Message>>(Shared<Message>(std::move(*read))), whole,
                              [](const Shared<Message>& message) { return to_stored(*message); });
        }
        case Kind::kMetadata:
            return renew_read(
                read_stored_json(bytes), [&](RawJson& j) { return content.renew_metadata(j); },
                text);
        case Kind::kCheckpoint:
            return renew_read(
                read_stored_json(bytes), [&](RawJson& j) { return content.renew_checkpoint(j); },
                text);
        case Kind::kPushConfig:
            return renew_read(json::decode<TaskPushNotificationConfig>(bytes), whole,
                              [](const auto& config) { return json::encode(config); });
    }
    return std::optional<std::string>();
}

}  // namespace

void Reencryption::note_left(const Error& why) {
    if (done_.left++ == 0) done_.why = why.message;
}

std::optional<std::string> Reencryption::renew(Kind kind, const TaskId& task,
                                               std::string_view bytes) {
    Renewed renewed = renew_stored(SealedContent(keys_, task), kind, bytes);
    if (renewed) return std::move(*renewed);
    note_left(renewed.error());
    return std::nullopt;
}

std::optional<std::string> Reencryption::renew_context(std::string_view owner,
                                                       std::string_view tenant,
                                                       std::string_view context_id,
                                                       std::string_view value) {
    RawJson json{std::string(value)};
    const Result<bool> renewed = renew_json(keys_, json, about_context(owner, tenant, context_id));
    if (!renewed) note_left(renewed.error());
    if (!renewed || !*renewed) return std::nullopt;
    return std::string(json.text());
}

}  // namespace a2akit::backends
