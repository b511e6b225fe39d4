#pragma once

#include <a2akit/protocol/requests.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

namespace a2akit {

/// One event of a stream, with the id by which the stream can be resumed after it.
struct StreamEvent {
    std::string id = {};  ///< Empty when the agent sent no id.
    StreamResponse response = {};
    /// The stream was cut before this event, and the agent could not tell what happened in between:
    /// this event, a Task, holds all that is known.
    bool after_gap = false;

    [[nodiscard]] const Task* task() const noexcept { return std::get_if<Task>(&response.payload); }
    [[nodiscard]] const Message* message() const noexcept {
        return std::get_if<Message>(&response.payload);
    }
    [[nodiscard]] const TaskStatusUpdateEvent* status() const noexcept {
        return std::get_if<TaskStatusUpdateEvent>(&response.payload);
    }
    [[nodiscard]] const TaskArtifactUpdateEvent* artifact() const noexcept {
        return std::get_if<TaskArtifactUpdateEvent>(&response.payload);
    }
    /// The text that this event adds to the answer: the text of an artifact chunk or of a message,
    /// or of the artifacts that the Task at the beginning of the stream has already; else empty.
    [[nodiscard]] std::string text() const;
    /// The state that this event reports; kUnspecified when it reports none.
    [[nodiscard]] TaskState state() const noexcept;
    /// After this event the task has ended or waits for its client. A message ends as well.
    [[nodiscard]] bool is_final() const noexcept;
};

class AsyncClientStream;

/// The events of one task, pulled one by one. Used by one thread at a time; destroying it closes
/// the connection and changes nothing for the task.
///
///     for (const StreamEvent& event : client.stream("Hello")) std::cout << event.text() <<
///     std::flush;
///
/// A stream has ended when the agent closes it after an event that is final (see
/// StreamEvent::is_final). A stream that stops before that was cut, and is resumed: by a
/// subscription after the last event (Last-Event-ID), or, from an agent whose events have no ids,
/// by a subscription from the task as it stands, or, when the task has ended meanwhile, by reading
/// it. Each event is delivered once, in order. When the task is not known yet, the message is sent
/// again only if RetryPolicy::repeat_lost_sends says so.
class ClientStream {
public:
    explicit ClientStream(AsyncClientStream stream) noexcept;
    ClientStream(ClientStream&&) noexcept;
    ClientStream& operator=(ClientStream&&) noexcept;
    ~ClientStream();

    /// Blocks until the next event is there; nullopt when the stream has ended. Throws Exception:
    /// the agent's own error, or kUnavailable when the stream was cut and could not be resumed.
    std::optional<StreamEvent> next();
    /// The id of the last event that had one. Pass it to Client::subscribe to continue after that
    /// event.
    [[nodiscard]] const std::string& last_event_id() const noexcept;
    /// How many times the stream was cut and resumed.
    [[nodiscard]] int resumptions() const noexcept;

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = StreamEvent;
        using difference_type = std::ptrdiff_t;
        using pointer = const StreamEvent*;
        using reference = const StreamEvent&;

        Iterator() = default;
        explicit Iterator(ClientStream& stream) : stream_(&stream) { ++*this; }
        reference operator*() const noexcept { return *event_; }
        pointer operator->() const noexcept { return &*event_; }
        Iterator& operator++() {
            event_ = stream_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
            return !it.event_;
        }

    private:
        ClientStream* stream_ = nullptr;
        std::optional<StreamEvent> event_;
    };
    [[nodiscard]] Iterator begin() { return Iterator(*this); }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

private:
    std::unique_ptr<AsyncClientStream> stream_;
};

}  // namespace a2akit
