#include "backends/common/content_check.hpp"

#include "backends/common/stored_form.hpp"
#include "json/codec.hpp"

#include <utility>

namespace a2akit::backends {
namespace {

using Reading = ContentCheck::Reading;
using State = ContentCheck::State;

const Reading kDamagedContent{State::kDamaged, {}};

/// The worst of several.
void add(Reading& all, Reading one) {
    if (one.state > all.state) all = std::move(one);
}

template <class T>
KeyIds key_ids(const T& content) {
    KeyIds ids;
    add_key_ids(content, ids);
    return ids;
}

}  // namespace

template <class T>
Reading ContentCheck::open(const TaskId& task, T& content, const KeyIds& ids) {
    if (ids.empty()) return {};
    for (const std::string& id : ids) {
        if (keys_ == nullptr || !keys_->has_key(id)) return {State::kEncrypted, {}};
    }
    if (!SealedContent(*keys_, task).open(content)) return {State::kNotOpened, ids.front()};
    opened_.insert(ids.begin(), ids.end());
    return {};
}

Reading ContentCheck::read_status(const TaskId& task, std::string_view bytes) {
    auto status = read_stored_status(bytes);
    if (!status) return kDamagedContent;
    KeyIds ids = key_ids(status->metadata);
    if (status->message) add_key_ids(**status->message, ids);
    StatusChange change;
    change.status.message = std::move(status->message);
    change.metadata = std::move(status->metadata);
    TaskEvent event{0, std::move(change)};
    return open(task, event, ids);
}

Reading ContentCheck::read_chunks(const TaskId& task, std::string_view bytes) {
    auto chunks = read_stored_chunks(bytes);
    if (!chunks) return kDamagedContent;
    Reading all;
    for (auto& chunk : *chunks) {
        KeyIds ids = key_ids(*chunk.artifact);
        add_key_ids(chunk.metadata, ids);
        TaskEvent event{0, std::move(chunk)};
        add(all, open(task, event, ids));
    }
    return all;
}

Reading ContentCheck::read(Kind kind, const TaskId& task, std::string_view bytes) {
    switch (kind) {
        case Kind::kStatus:
            return read_status(task, bytes);
        case Kind::kMessages: {
            auto messages = read_stored_messages(bytes);
            if (!messages) return kDamagedContent;
            Reading all;
            for (auto& message : *messages) add(all, open(task, message, key_ids(*message)));
            return all;
        }
        case Kind::kChunks:
            return read_chunks(task, bytes);
        case Kind::kInput: {
            auto input = read_stored_input(bytes);
            if (!input) return kDamagedContent;
            KeyIds ids = key_ids(*input->message);
            add_key_ids(input->metadata, ids);
            return open(task, *input, ids);
        }
        case Kind::kMessage: {
            auto read = read_stored_message(bytes);
            if (!read) return kDamagedContent;
            const KeyIds ids = key_ids(*read);
            Shared<Message> message(std::move(*read));
            return open(task, message, ids);
        }
        case Kind::kMetadata:
        case Kind::kCheckpoint: {
            auto json = read_stored_json(bytes);
            if (!json) return kDamagedContent;
            const KeyIds ids = key_ids(*json);
            TaskSnapshot snapshot;
            (kind == Kind::kMetadata ? snapshot.metadata : snapshot.checkpoint) = std::move(*json);
            return open(task, snapshot, ids);
        }
        case Kind::kPushConfig: {
            auto config = json::decode<TaskPushNotificationConfig>(bytes);
            if (!config) return kDamagedContent;
            const KeyIds ids = key_ids(*config);
            return open(task, *config, ids);
        }
    }
    return kDamagedContent;
}

}  // namespace a2akit::backends
