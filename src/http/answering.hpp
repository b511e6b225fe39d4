#pragma once

#include "http/link.hpp"
#include "http/request_intake.hpp"

#include <memory>
#include <string>

namespace a2akit::http {

/// A stream that was opened, on its way from `Answering` to `Streaming`.
struct OpenStream {
    wire::AnswerForm form;
    std::unique_ptr<wire::HttpResponse> head;  ///< Null: it has been sent.
    std::unique_ptr<EventStream> events;
    EventStream::Batch batch;  ///< The events that are being sent.
    Permit permit;
};

/// Answers the request that an intake has read: a resource of the site, a call or a batch of calls.
class Answering {
public:
    /// REQUIRES: link and intake outlive it.
    Answering(Link& link, RequestIntake& intake) noexcept
        : link_(link), intake_(intake), exchange_(intake.exchange()) {}

    /// Sends the response, unless it is a stream, which `take_stream` returns afterwards.
    Async<void> answer();
    /// Null: the response has been sent.
    [[nodiscard]] std::unique_ptr<OpenStream> take_stream() noexcept { return std::move(stream_); }

    /// At the deadline of Phase::kAnswering: watches the client, and sends white space while its
    /// response is not ready.
    void on_slow_answer(SteadyTime now) noexcept;

private:
    Async<void> answer_resource(const wire::Resource& resource);
    Async<void> respond_later(Async<wire::HttpResponse> pending);
    Async<void> answer_call(wire::Decoded decoded);
    Async<void> answer_batch(wire::Decoded decoded);
    /// REQUIRES: both live until it has returned.
    Async<void> dispatch(wire::Call& call, HandledRequest& handled);
    /// The error for a call of a batch whose responses are too large already; the call was not
    /// begun.
    [[nodiscard]] Error refused_in_batch() const;

    Async<void> respond(wire::HttpResponse response);
    Async<void> respond_large(std::string body);

    // -- Slow responses; see answering_slow.cpp:
    /// White space may be sent ahead of the response to this call.
    [[nodiscard]] bool can_keep_alive(const wire::Call& call) noexcept;
    /// From here on the timer watches the client whose call is being handled.
    void wait_for_answer();
    void send_white_space();
    /// Sends the rest of a response whose head and some white space have been sent already.
    Async<void> respond_late(std::string body);
    Async<void> respond_late_large(std::string body);
    /// Breaks off a response that was begun and cannot carry the error.
    void cut_answer(const Error& error);

    Link& link_;
    RequestIntake& intake_;
    Exchange& exchange_;
    std::unique_ptr<OpenStream> stream_;
    wire::Call* slow_call_ = nullptr;  ///< The call being answered, if it can be kept alive.
    SteadyTime white_space_at_ = SteadyTime::max();
    bool answer_begun_ = false;  ///< The head of a chunked response has been sent.
    std::string unsent_;         ///< The rest of that head and the white space.
};

}  // namespace a2akit::http
