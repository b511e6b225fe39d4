#pragma once

#include "client/event_reader.hpp"
#include "client/session.hpp"

#include <a2akit/client/client_stream.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace a2akit::client {

/// The events of one task across as many HTTP answers as it takes. See ClientStream.
class ResumingStream {
public:
    /// `call`: the one that `stream` answers.
    ResumingStream(std::shared_ptr<Session> session, Call call, OpenStream stream);

    AsyncResult<std::optional<StreamEvent>> next();
    [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }
    [[nodiscard]] int resumptions() const noexcept { return resumptions_; }

private:
    [[nodiscard]] bool is_repeat(const StreamEvent& event) const;
    [[nodiscard]] bool is_news(const StreamEvent& event);
    void note(StreamEvent& event);
    AsyncResult<std::optional<StreamEvent>> read();
    /// Opens the next answer, or returns the task when it has ended meanwhile.
    AsyncResult<std::optional<StreamEvent>> resume(Error cut);
    AsyncResult<std::optional<StreamEvent>> poll();
    /// The task as it stands, as an event.
    AsyncResult<StreamEvent> read_task();
    [[nodiscard]] Call next_call() const;
    void take_up(OpenStream stream);
    [[nodiscard]] Error given_up(const Error& cut, const Error& reason) const;

    std::shared_ptr<Session> session_;
    Call call_;
    Backoff backoff_;
    std::optional<EventReader> reader_;
    std::string task_id_;
    std::string last_event_id_;
    /// The ids of the latest events: an agent may begin with some of them again.
    std::deque<std::string> delivered_;
    std::size_t resumed_with_ = 0;  ///< The hash of what the last resumption began with.
    SteadyTime opened_at_{};        ///< When the stream was resumed the last time.
    std::optional<Error> failed_;
    int resumptions_ = 0;
    bool is_first_ = false;  ///< The next event is the first one after a cut.
    bool settled_ = false;   ///< The last event was final: a stream may end after it.
    bool is_over_ = false;   ///< Nothing more can come, even if the connection broke.
    bool ended_ = false;
};

}  // namespace a2akit::client
