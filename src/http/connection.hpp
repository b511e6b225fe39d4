#pragma once

#include "http/request_reader.hpp"
#include "http/shard.hpp"
#include "net/socket.hpp"

#include <a2akit/request/client_presence.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit::http {

/// One client's connection: reads requests one after the other and answers them.
///
/// Has one timer, whose deadline is moved lazily. While a stream is idle it holds no buffers.
class Connection final : public Served {
public:
    Connection(Shard& shard, net::TcpSocket socket, std::string peer, Permit permit,
               security::AddressSlots::Slot address_slot);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() = default;

    /// The whole life of a connection.
    static Async<void> run(std::unique_ptr<Connection> connection);

    void drain() noexcept override;
    void abort() noexcept override;
    void give_way() noexcept override;

private:
    /// A buffer up to this size is kept for the next response.
    static constexpr std::size_t kKeptOut = std::size_t{256} * 1024;

    /// The thing that the connection waits for; it decides what happens at the deadline.
    enum class Phase {
        kIdle,       ///< The next request: closes.
        kReading,    ///< The rest of a request: 408.
        kWorking,    ///< Nothing that has a deadline.
        kAnswering,  ///< The handler: from then on watches the client, and keeps it waiting.
        kWriting,    ///< A client that reads: closes, unless it has read something meanwhile.
        kStreaming,  ///< Events: a heartbeat.
        kClosing,    ///< The client's end of the connection: closes.
    };
    struct DeadlineTimer : Timer {
        explicit DeadlineTimer(Connection& c) noexcept
            : Timer(
                  [](Timer& t) noexcept { static_cast<DeadlineTimer&>(t).connection.on_timer(); }),
              connection(c) {}
        Connection& connection;
    };
    /// A stream that was opened, on its way from `answer` to `run_stream`.
    struct OpenStream {
        wire::AnswerForm form;
        std::unique_ptr<EventStream> events;
        Permit permit;
    };

    void wait_in(Phase phase, Duration span);
    void on_timer() noexcept;

    Async<void> serve();
    /// False: the client's TLS handshake has failed.
    Async<bool> shake_hands();
    /// False: the client has gone, or its request cannot be answered.
    Async<bool> read_request();
    [[nodiscard]] bool may_read() const noexcept;
    void start_reading();
    Async<bool> read_more();
    Async<bool> send_continue();
    /// Takes the memory for the body from the budget. False: it was refused.
    [[nodiscard]] bool hold_body();
    /// The same, but slow bodies give way to this one.
    [[nodiscard]] bool hold_request(std::size_t bytes);
    void note_upload();
    [[nodiscard]] bool make_slowest_give_way();
    void set_reading_deadline();
    [[nodiscard]] bool refuse_slow_client();
    void refuse(int status, std::string_view message);
    void begin_request();
    /// Whether the body is large and has not arrived completely.
    [[nodiscard]] bool asks_before_body() const noexcept;
    Async<void> ask_before_body();
    /// Also finds the request's site.
    [[nodiscard]] wire::RequestHead head() noexcept;
    /// Asks what the head alone decides. False: the request is refused, or answered already.
    [[nodiscard]] bool pass_gate(const security::Gate& gate);
    /// The address of the caller, which may be behind a proxy.
    [[nodiscard]] const std::string& caller() const noexcept {
        return forwarded_for_.empty() ? peer_ : forwarded_for_;
    }
    /// Fills in what only the connection knows.
    void complete(RequestContext& context) const;

    Async<void> answer();
    Async<void> answer_readiness();
    Async<void> answer_admin();
    /// REQUIRES: `call` lives until it has returned.
    Async<HandledRequest> dispatch(wire::Call& call);
    /// The error for a response that does not fit into the budget.
    [[nodiscard]] static HandledRequest refused_unsent();
    /// The error for a call of a batch whose responses are too large already; the call was not
    /// begun.
    [[nodiscard]] HandledRequest refused_in_batch() const;
    Async<void> answer_call(wire::Decoded decoded);
    Async<void> answer_batch(wire::Decoded decoded);
    Async<void> respond(wire::HttpResponse response);
    Async<void> respond_large(std::string body);

    /// White space may be sent ahead of the response to this call.
    [[nodiscard]] bool can_keep_alive(const wire::Call& call) noexcept;
    /// From here on the timer watches the client whose call is being handled.
    void wait_for_answer();
    void on_slow_answer(SteadyTime now) noexcept;
    void send_white_space();
    /// Sends the rest of a response whose head and some white space have been sent already.
    Async<void> respond_late(std::string body);
    Async<void> respond_late_large(std::string body);
    /// Breaks off a response that was begun and cannot carry the error.
    void cut_answer(const Error& error);
    /// Takes the memory for a response from the budget, until it is sent. False: there is not
    /// enough.
    [[nodiscard]] bool hold_answer(std::size_t bytes) noexcept;
    /// Waits until a large response may be encoded; other connections of the loop are served
    /// before.
    Async<LargeTurns::Turn> large_turn();
    /// Logs the request, for operators who want every request in the log.
    void log_answer(int status) const;
    [[nodiscard]] Framing framing() noexcept;
    /// Sends `shard_.out`. Sets `broken_` when the client has gone.
    Async<void> flush();
    /// The same at the end of the loop's turn, together with other responses, so that waiting
    /// clients are woken once for many.
    Async<void> flush_last();
    Async<void> flush_rest(std::string buffer, std::size_t sent);

    Async<void> run_stream();
    /// Encodes items from `next` on, and moves `next` behind them: all items, or a piece of a large
    /// batch.
    bool write_batch(const wire::AnswerForm& form, EventStream::Batch& batch, std::size_t& next,
                     bool chunked);
    Async<void> send_batch(const wire::AnswerForm& form, EventStream::Batch batch, bool chunked);
    void break_off();
    void watch_client();
    void on_client_sign() noexcept;

    Async<void> close();

    Shard& shard_;
    net::Socket socket_;
    RequestReader reader_;
    ByteShare request_share_;
    Upload upload_{*this};
    ByteShare answer_share_;
    std::string peer_;
    std::string client_certificate_;  ///< The name in it; empty: none.
    Permit permit_;
    security::AddressSlots::Slot address_slot_;
    DeadlineTimer timer_{*this};
    Phase phase_ = Phase::kIdle;
    SteadyTime deadline_ = SteadyTime::max();
    SteadyTime armed_ = SteadyTime::max();  ///< The timer fires then: at the deadline or earlier.
    std::uint64_t sent_before_ = 0;
    std::size_t slow_body_mark_ = 0;

    bool timed_out_ = false;
    bool gave_way_ = false;
    bool broken_ = false;  ///< Nothing can be sent any more.
    bool keep_alive_ = true;
    bool lingering_ =
        false;  ///< Bytes of the request may be under way: close so that the answer survives.
    bool aborted_ = false;

    std::string forwarded_for_;  ///< The address that a trusted proxy names; empty: none.
    std::string cors_;           ///< Header lines for a browser.
    std::string request_id_;
    Site* site_;  ///< Of the request: see Site::at.
    wire::Route route_;
    std::optional<wire::HttpResponse> refusal_;

    wire::Call* slow_call_ = nullptr;  ///< The call being answered, if it can be kept alive.
    SteadyTime white_space_at_ = SteadyTime::max();
    bool answer_begun_ = false;  ///< The head of a chunked response has been sent.
    std::string unsent_;         ///< The rest of that head and the white space.

    std::optional<wire::HttpResponse> stream_head_;
    std::unique_ptr<OpenStream> open_stream_;
    EventStream* waiting_for_events_ = nullptr;
    bool heartbeat_due_ = false;
    ClientPresence client_;
    bool probing_ = false;  ///< The last read goes, or went, into `probe_`.
    std::array<char, 64> probe_;
};

}  // namespace a2akit::http
