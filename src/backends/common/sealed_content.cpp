#include "backends/common/sealed_content.hpp"

#include "backends/common/merge_artifacts.hpp"
#include "json/codec.hpp"
#include "json/cursor.hpp"
#include "json/scalars.hpp"

#include <a2akit/core/error.hpp>

#include <utility>
#include <variant>
#include <vector>

namespace a2akit::backends {
namespace {

constexpr std::string_view kJsonHead = "{\"a2akitSealed\":\"";
constexpr std::string_view kJsonTail = "\"}";
constexpr const char* kSealedId = "sealed";
// The form of a URL, as a configuration has to have one.
constexpr const char* kSealedUrl = "https://sealed.invalid/";

Error not_readable() {
    return Error{ErrorCode::kInternal, "what was decrypted cannot be read", nullptr};
}

const std::string* sealed_bytes(const Part& part) {
    if (part.media_type != SealedContent::kSealedType) return nullptr;
    const auto* raw = std::get_if<RawContent>(&part.content);
    return raw != nullptr ? &raw->bytes : nullptr;
}

template <class M>
Result<M> decoded(std::string_view text) {
    auto read = json::decode<M>(text, json::Mode::kLenient, json::kReadBack);
    if (!read) return fail(not_readable());
    return std::move(*read);
}

Part sealed_part(std::string bytes) {
    return Part::from_bytes(std::move(bytes), std::string(SealedContent::kSealedType));
}

}  // namespace

bool is_sealed(const RawJson& json) noexcept {
    const std::string_view text = json.text();
    return text.starts_with(kJsonHead) && text.ends_with(kJsonTail);
}

Result<RawJson> seal_json(const DataKeys& keys, const RawJson& json, std::string_view about) {
    const Result<std::string> sealed = keys.seal(json.text(), about);
    if (!sealed) return fail(sealed.error());
    std::string text(kJsonHead);
    json::append_base64(text, *sealed);
    text.append(kJsonTail);
    return RawJson(std::move(text));
}

Result<RawJson> open_json(const DataKeys& keys, const RawJson& json, std::string_view about) {
    if (!is_sealed(json)) return json;
    std::string_view text = json.text();
    text.remove_prefix(kJsonHead.size());
    text.remove_suffix(kJsonTail.size());
    std::string sealed;
    if (!json::decode_base64(text, sealed)) return fail(not_readable());
    Result<std::string> plain = keys.open(sealed, about);
    if (!plain) return fail(std::move(plain.error()));
    return RawJson(std::move(*plain));
}

std::string about_context(std::string_view owner, std::string_view tenant,
                          std::string_view context_id) {
    std::string about = "a2akit context value";
    for (const std::string_view text : {owner, tenant, context_id})
        about.append(std::to_string(text.size())).append(":").append(text);
    return about;
}

Result<bool> renew_json(const DataKeys& keys, RawJson& json, std::string_view about) {
    KeyIds ids;
    add_key_ids(json, ids);
    if (ids.empty() || ids.front() == keys.first_id()) return false;
    const Result<RawJson> plain = open_json(keys, json, about);
    if (!plain) return fail(plain.error());
    Result<RawJson> sealed = seal_json(keys, *plain, about);
    if (!sealed) return fail(std::move(sealed.error()));
    json = std::move(*sealed);
    return true;
}

void add_key_ids(const Message& message, KeyIds& ids) {
    if (message.parts.size() != 1) return;
    if (const std::string* bytes = sealed_bytes(message.parts.front()))
        ids.emplace_back(DataKeys::key_id(*bytes));
}

void add_key_ids(const Artifact& artifact, KeyIds& ids) {
    for (const Part& part : artifact.parts) {
        if (const std::string* bytes = sealed_bytes(part))
            ids.emplace_back(DataKeys::key_id(*bytes));
    }
}

void add_key_ids(const RawJson& json, KeyIds& ids) {
    if (!is_sealed(json)) return;
    std::string_view text = json.text();
    text.remove_prefix(kJsonHead.size());
    text.remove_suffix(kJsonTail.size());
    std::string sealed;
    const bool is_base64 = json::decode_base64(text, sealed);
    ids.emplace_back(is_base64 ? DataKeys::key_id(sealed) : std::string_view());
}

void add_key_ids(const TaskPushNotificationConfig& config, KeyIds& ids) {
    if (config.url != kSealedUrl) return;
    std::string sealed;
    const bool is_base64 = json::decode_base64(config.token, sealed);
    ids.emplace_back(is_base64 ? DataKeys::key_id(sealed) : std::string_view());
}

std::string SealedContent::about(std::string_view kind) const {
    std::string about = "a2akit data";
    about.append(reinterpret_cast<const char*>(task_.bytes.data()), task_.bytes.size());
    return about.append(kind);
}

Result<void> SealedContent::seal(RawJson& json, std::string_view kind) const {
    if (json.empty()) return {};
    Result<RawJson> sealed = seal_json(keys_, json, about(kind));
    if (!sealed) return fail(std::move(sealed.error()));
    json = std::move(*sealed);
    return {};
}

Result<void> SealedContent::open(RawJson& json, std::string_view kind) const {
    Result<RawJson> plain = open_json(keys_, json, about(kind));
    if (!plain) return fail(std::move(plain.error()));
    json = std::move(*plain);
    return {};
}

Result<void> SealedContent::seal(Shared<Message>& message) const {
    Result<std::string> bytes = keys_.seal(json::encode<Message>(*message), about("message"));
    if (!bytes) return fail(std::move(bytes.error()));
    Message sealed;
    sealed.message_id = kSealedId;
    sealed.role = message->role;
    sealed.parts.push_back(sealed_part(std::move(*bytes)));
    message = Shared<Message>(std::move(sealed));
    return {};
}

Result<void> SealedContent::open(Shared<Message>& message) const {
    if (message->parts.size() != 1) return {};
    const std::string* bytes = sealed_bytes(message->parts.front());
    if (bytes == nullptr) return {};
    const Result<std::string> plain = keys_.open(*bytes, about("message"));
    if (!plain) return fail(plain.error());
    Result<Message> read = decoded<Message>(*plain);
    if (!read) return fail(std::move(read.error()));
    message = Shared<Message>(std::move(*read));
    return {};
}

Result<void> SealedContent::seal(Shared<Artifact>& artifact) const {
    Result<std::string> bytes = keys_.seal(json::encode<Artifact>(*artifact), about("artifact"));
    if (!bytes) return fail(std::move(bytes.error()));
    Artifact sealed;
    sealed.artifact_id = artifact->artifact_id;
    sealed.parts.push_back(sealed_part(std::move(*bytes)));
    artifact = Shared<Artifact>(std::move(sealed));
    return {};
}

// The engines merge chunks without knowing what is in them: each sealed part is a whole chunk, and
// those behind the first one append to it.
Result<void> SealedContent::open(Shared<Artifact>& artifact) const {
    std::vector<ArtifactPiece> pieces;
    Artifact plain_part = *artifact;
    plain_part.parts.clear();
    bool any_sealed = false;
    const auto end_plain = [&] {
        const bool empty = plain_part.parts.empty() && plain_part.name.empty() &&
                           plain_part.description.empty() && plain_part.metadata.empty() &&
                           plain_part.extensions.empty();
        if (!empty) pieces.push_back({Shared<Artifact>(plain_part), !pieces.empty()});
        plain_part = Artifact{};
        plain_part.artifact_id = artifact->artifact_id;
    };
    for (const Part& part : artifact->parts) {
        const std::string* bytes = sealed_bytes(part);
        if (bytes == nullptr) {
            plain_part.parts.push_back(part);
            continue;
        }
        any_sealed = true;
        end_plain();
        const Result<std::string> plain = keys_.open(*bytes, about("artifact"));
        if (!plain) return fail(plain.error());
        Result<Artifact> read = decoded<Artifact>(*plain);
        if (!read) return fail(std::move(read.error()));
        if (read->artifact_id != artifact->artifact_id) return fail(not_readable());
        pieces.push_back({Shared<Artifact>(std::move(*read)), !pieces.empty()});
    }
    if (!any_sealed) return {};
    end_plain();
    artifact = merge_artifacts(std::move(pieces)).front();
    return {};
}

Result<void> SealedContent::seal(TaskUpdate& update) const {
    // A message that stands in two places of an update stays one object, which the engines store
    // once.
    const std::vector<Shared<Message>> plain = update.history;
    for (auto& message : update.history) {
        if (auto sealed = seal(message); !sealed) return sealed;
    }
    const auto seal_once = [&](Shared<Message>& message) -> Result<void> {
        for (std::size_t i = 0; i < plain.size(); ++i) {
            if (!plain[i].same_as(message)) continue;
            message = update.history[i];
            return {};
        }
        return seal(message);
    };
    if (update.status && update.status->message) {
        if (auto sealed = seal_once(*update.status->message); !sealed) return sealed;
    }
    if (auto sealed = seal(update.status_metadata, "event metadata"); !sealed) return sealed;
    for (ArtifactChunk& chunk : update.artifacts) {
        if (auto sealed = seal(chunk.artifact); !sealed) return sealed;
        if (auto sealed = seal(chunk.metadata, "event metadata"); !sealed) return sealed;
    }
    if (update.reply) {
        if (auto sealed = seal_once(*update.reply); !sealed) return sealed;
    }
    if (update.turn) {
        if (auto sealed = seal_once(update.turn->message); !sealed) return sealed;
        if (auto sealed = seal(update.turn->metadata, "request metadata"); !sealed) return sealed;
    }
    if (update.checkpoint) {
        if (auto sealed = seal(*update.checkpoint, "checkpoint"); !sealed) return sealed;
    }
    if (update.metadata) return seal(*update.metadata, "metadata");
    return {};
}

Result<void> SealedContent::open(TaskSnapshot& snapshot) const {
    if (snapshot.status.message) {
        if (auto opened = open(*snapshot.status.message); !opened) return opened;
    }
    for (auto& message : snapshot.history) {
        if (auto opened = open(message); !opened) return opened;
    }
    for (auto& artifact : snapshot.artifacts) {
        if (auto opened = open(artifact); !opened) return opened;
    }
    if (snapshot.reply) {
        if (auto opened = open(*snapshot.reply); !opened) return opened;
    }
    if (auto opened = open(snapshot.checkpoint, "checkpoint"); !opened) return opened;
    return open(snapshot.metadata, "metadata");
}

Result<void> SealedContent::open(TurnInput& input) const {
    if (auto opened = open(input.message); !opened) return opened;
    return open(input.metadata, "request metadata");
}

Result<void> SealedContent::open(TaskEvent& event) const {
    if (auto* change = std::get_if<StatusChange>(&event.change)) {
        if (change->status.message) {
            if (auto opened = open(*change->status.message); !opened) return opened;
        }
        return open(change->metadata, "event metadata");
    }
    auto& chunk = std::get<ArtifactChunk>(event.change);
    if (auto opened = open(chunk.artifact); !opened) return opened;
    return open(chunk.metadata, "event metadata");
}

Result<void> SealedContent::seal(TaskPushNotificationConfig& config) const {
    const Result<std::string> bytes = keys_.seal(json::encode(config), about("push"));
    if (!bytes) return fail(bytes.error());
    TaskPushNotificationConfig sealed;
    sealed.id = config.id;
    sealed.url = kSealedUrl;
    json::append_base64(sealed.token, *bytes);
    config = std::move(sealed);
    return {};
}

Result<void> SealedContent::open(TaskPushNotificationConfig& config) const {
    if (config.url != kSealedUrl) return {};
    std::string bytes;
    if (!json::decode_base64(config.token, bytes)) return fail(not_readable());
    const Result<std::string> plain = keys_.open(bytes, about("push"));
    if (!plain) return fail(plain.error());
    Result<TaskPushNotificationConfig> read = decoded<TaskPushNotificationConfig>(*plain);
    if (!read) return fail(std::move(read.error()));
    config = std::move(*read);
    return {};
}

// -- Another key

Result<bool> SealedContent::renew(std::string& bytes, std::string_view kind) const {
    if (DataKeys::key_id(bytes) == keys_.first_id()) return false;
    const Result<std::string> plain = keys_.open(bytes, about(kind));
    if (!plain) return fail(plain.error());
    Result<std::string> sealed = keys_.seal(*plain, about(kind));
    if (!sealed) return fail(std::move(sealed.error()));
    bytes = std::move(*sealed);
    return true;
}

Result<bool> SealedContent::renew(RawJson& json, std::string_view kind) const {
    return renew_json(keys_, json, about(kind));
}

Result<bool> SealedContent::renew_checkpoint(RawJson& checkpoint) const {
    return renew(checkpoint, "checkpoint");
}

Result<bool> SealedContent::renew_metadata(RawJson& metadata) const {
    return renew(metadata, "metadata");
}

Result<bool> SealedContent::renew(Shared<Message>& message) const {
    if (message->parts.size() != 1 || sealed_bytes(message->parts.front()) == nullptr) return false;
    Message fresh = *message;
    auto& bytes = std::get<RawContent>(fresh.parts.front().content).bytes;
    Result<bool> renewed = renew(bytes, "message");
    if (renewed && *renewed) message = Shared<Message>(std::move(fresh));
    return renewed;
}

Result<bool> SealedContent::renew(ArtifactChunk& chunk) const {
    Artifact fresh = *chunk.artifact;
    bool any = false;
    for (Part& part : fresh.parts) {
        if (sealed_bytes(part) == nullptr) continue;
        const Result<bool> renewed = renew(std::get<RawContent>(part.content).bytes, "artifact");
        if (!renewed) return renewed;
        any = any || *renewed;
    }
    if (any) chunk.artifact = Shared<Artifact>(std::move(fresh));
    const Result<bool> renewed = renew(chunk.metadata, "event metadata");
    if (!renewed) return renewed;
    return any || *renewed;
}

Result<bool> SealedContent::renew(TurnInput& input) const {
    const Result<bool> message = renew(input.message);
    if (!message) return message;
    const Result<bool> metadata = renew(input.metadata, "request metadata");
    if (!metadata) return metadata;
    return *message || *metadata;
}

Result<bool> SealedContent::renew(std::optional<Shared<Message>>& message,
                                  RawJson& metadata) const {
    Result<bool> of_message = false;
    if (message) of_message = renew(*message);
    if (!of_message) return of_message;
    const Result<bool> of_metadata = renew(metadata, "event metadata");
    if (!of_metadata) return of_metadata;
    return *of_message || *of_metadata;
}

Result<bool> SealedContent::renew(TaskPushNotificationConfig& config) const {
    if (config.url != kSealedUrl) return false;
    std::string bytes;
    if (!json::decode_base64(config.token, bytes)) return fail(not_readable());
    Result<bool> renewed = renew(bytes, "push");
    if (!renewed || !*renewed) return renewed;
    config.token.clear();
    json::append_base64(config.token, bytes);
    return true;
}

}  // namespace a2akit::backends
