#pragma once

#include "http/loop_state.hpp"
#include "net/socket.hpp"

#include <a2akit/request/client_presence.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace a2akit::http {

/// A client's socket with its deadlines: what reading, answering and streaming share.
///
/// Has one timer, whose deadline is moved lazily. REQUIRES: used on its loop only.
class Link {
public:
    /// A buffer up to this size is kept for the next response.
    static constexpr std::size_t kKeptOut = std::size_t{256} * 1024;

    /// The thing that the connection waits for; it decides what happens at the deadline.
    enum class Phase {
        kIdle,       ///< The next request: closes.
        kReading,    ///< The rest of a request: 408.
        kWorking,    ///< Nothing that has a deadline.
        kAnswering,  ///< The handler: the listener decides.
        kWriting,    ///< A client that reads: closes, unless it has read something meanwhile.
        kStreaming,  ///< Events: the listener decides.
        kClosing,    ///< The client's end of the connection: closes.
    };
    /// Told what the link itself has no answer to.
    class Listener {
    public:
        /// The deadline of a phase in which the listener decides has passed.
        virtual void on_deadline(Phase phase, SteadyTime now) noexcept = 0;
        /// The client has left while it was watched.
        virtual void on_departure() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    /// REQUIRES: state and listener outlive it.
    Link(LoopState& state, net::TcpSocket socket, Listener& listener);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] LoopState& state() noexcept { return state_; }
    [[nodiscard]] const Options& options() const noexcept { return state_.options; }
    [[nodiscard]] net::Socket& socket() noexcept { return socket_; }
    [[nodiscard]] ClientPresence& client() noexcept { return client_; }

    // -- Deadlines:
    void wait_in(Phase phase, Duration span);
    /// From here on there is no deadline.
    void work() noexcept { phase_ = Phase::kWorking; }
    [[nodiscard]] Phase phase() const noexcept { return phase_; }
    /// The deadline of the last `wait_in`.
    [[nodiscard]] SteadyTime deadline() const noexcept { return deadline_; }
    /// Whether it has passed, in a phase that ends the I/O under way.
    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }

    // -- The end:
    /// Ends all I/O.
    void abort() noexcept;
    [[nodiscard]] bool aborted() const noexcept { return aborted_; }
    /// Nothing can be sent any more.
    [[nodiscard]] bool broken() const noexcept { return broken_; }
    void set_broken() noexcept { broken_ = true; }
    /// The client has gone, or its connection is served no longer.
    [[nodiscard]] bool ended() const noexcept { return client_.gone() || aborted_; }

    // -- Sending:
    /// Sends `state().out`. Sets `broken` when the client has gone.
    Async<void> flush();
    /// The same at the end of the loop's turn, together with other responses, so that waiting
    /// clients are woken once for many.
    Async<void> flush_last();
    /// The same for a buffer of which `sent` bytes have been sent.
    Async<void> flush_rest(std::string buffer, std::size_t sent);
    /// Takes the memory for a response from the budget, until it is sent. False: there is not
    /// enough.
    [[nodiscard]] bool hold_unsent(std::size_t bytes) noexcept;
    void release_unsent() noexcept { unsent_share_.release(); }
    /// Waits until a large request or response may be handled; other connections of the loop are
    /// served before.
    Async<LargeTurns::Turn> large_turn();

    // -- Watching the client:
    /// Keeps a read pending only to notice when the client leaves. Bytes that it sends meanwhile
    /// belong to its next request; see `take_watched`. Does nothing when one is pending.
    void watch_client();
    [[nodiscard]] bool watching() const noexcept { return watching_; }
    /// The bytes of the last read, if it watched the client. REQUIRES: that read has ended.
    [[nodiscard]] std::string_view take_watched() noexcept;

private:
    struct DeadlineTimer : Timer {
        explicit DeadlineTimer(Link& l) noexcept
            : Timer([](Timer& t) noexcept { static_cast<DeadlineTimer&>(t).link.on_timer(); }),
              link(l) {}
        Link& link;
    };

    void on_timer() noexcept;
    void on_read_end() noexcept;

    LoopState& state_;
    Listener& listener_;
    net::Socket socket_;
    ByteShare unsent_share_;
    ClientPresence client_;
    DeadlineTimer timer_{*this};
    Phase phase_ = Phase::kIdle;
    SteadyTime deadline_ = SteadyTime::max();
    SteadyTime armed_ = SteadyTime::max();  ///< The timer fires then: at the deadline or earlier.
    std::uint64_t sent_before_ = 0;
    bool timed_out_ = false;
    bool broken_ = false;
    bool aborted_ = false;
    bool watching_ = false;  ///< The last read goes, or went, into `watched_`.
    std::array<char, 16> watched_;
};

}  // namespace a2akit::http
