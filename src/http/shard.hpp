#pragma once

#include "http/byte_budget.hpp"
#include "http/large_turn.hpp"
#include "http/options.hpp"
#include "http/response.hpp"
#include "http/site.hpp"
#include "net/asio_loop.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <atomic>
#include <string>
#include <vector>

namespace a2akit::http {

/// The load of the whole server, counted against its limits.
struct Counters {
    explicit Counters(const Options& options) noexcept
        : requests(options.max_request_bytes), responses(options.max_response_bytes) {}

    std::atomic<int> connections{0};
    std::atomic<int> streams{0};
    std::atomic<int> pending{0};
    std::atomic<int> sends{0};
    ByteBudget requests;   ///< Memory for bodies; small bodies are not counted.
    ByteBudget responses;  ///< Large answers that are not sent yet.
};

/// One unit of a limit, given back when it ends.
class Slot {
public:
    Slot() noexcept = default;
    Slot(Slot&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
        std::swap(counter_, other.counter_);
        return *this;
    }
    ~Slot() {
        if (counter_ != nullptr) counter_->fetch_sub(1, std::memory_order_relaxed);
    }
    /// An empty slot when the limit is reached.
    [[nodiscard]] static Slot take(std::atomic<int>& counter, int limit) noexcept {
        if (counter.fetch_add(1, std::memory_order_relaxed) < limit) return Slot(&counter);
        counter.fetch_sub(1, std::memory_order_relaxed);
        return {};
    }
    explicit operator bool() const noexcept { return counter_ != nullptr; }

private:
    explicit Slot(std::atomic<int>* counter) noexcept : counter_(counter) {}
    std::atomic<int>* counter_ = nullptr;
};

/// The shard's view of a connection, which is in the shard's list as long as it lives.
class Served : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// The server stops: an idle connection closes, a stream ends, a request under way is the last.
    virtual void drain() noexcept = 0;
    /// Ends all I/O of this connection.
    virtual void abort() noexcept = 0;
    /// Called when the body that is being read arrives too slowly, and others need its memory.
    virtual void give_way() noexcept = 0;

protected:
    ~Served() = default;
};

/// A large body that has not arrived completely. The shard's list is in the order in which the
/// bodies last made progress.
struct Upload
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Upload(Served& o) noexcept : owner(o) {}
    Served& owner;
    SteadyTime brought{};
    std::size_t next_piece = 0;  ///< The body makes progress when this many bytes have arrived.
};

/// The state that the connections of one loop share. Used on that loop only, except for the
/// counters.
struct Shard {
    Shard(net::AsioLoop& l, const Options& o, Site& s, Counters& c) noexcept
        : loop(l), options(o), site(s), counters(c) {}

    net::AsioLoop& loop;
    const Options& options;
    Site& site;
    Counters& counters;
    DateLine date;
    /// Responses are written here; only bytes that the kernel did not accept are copied.
    std::string out;
    std::vector<std::string> spare_buffers;  ///< For `out`, while older content is unsent.
    LargeTurns large_turns;
    std::array<char, 65536> ignored;  ///< Bytes of any connection that are read and dropped.
    bool draining = false;
    TaskGroup connections_group;
    boost::intrusive::list<Served, boost::intrusive::constant_time_size<false>> connections;
    boost::intrusive::list<Upload, boost::intrusive::constant_time_size<false>> uploads;
};

}  // namespace a2akit::http
