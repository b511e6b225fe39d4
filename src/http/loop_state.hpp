#pragma once

#include "http/large_turn.hpp"
#include "http/options.hpp"
#include "http/response.hpp"
#include "http/site.hpp"
#include "net/asio_loop.hpp"
#include "runtime/limits/load.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <string>
#include <vector>

namespace a2akit::http {

/// The loop's view of a connection, which is in the loop's list as long as it lives.
class OpenConnection : public boost::intrusive::list_base_hook<
                           boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// The server stops: an idle connection closes, a stream ends, a request under way is the last.
    virtual void drain() noexcept = 0;
    /// Ends all I/O of this connection.
    virtual void abort() noexcept = 0;
    /// Called when the body that is being read arrives too slowly, and others need its memory.
    virtual void give_way() noexcept = 0;

protected:
    ~OpenConnection() = default;
};

/// A large body that has not arrived completely. The loop's list is in the order in which the
/// bodies last made progress.
struct Upload
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Upload(OpenConnection& o) noexcept : owner(o) {}
    OpenConnection& owner;
    SteadyTime brought{};
    std::size_t next_piece = 0;  ///< The body makes progress when this many bytes have arrived.
};

/// The state that the connections of one loop share. Used on that loop only, except for the load.
struct LoopState {
    LoopState(net::AsioLoop& l, const Options& o, Site& s, Load& whole) noexcept
        : loop(l), options(o), site(s), load(whole) {}

    net::AsioLoop& loop;
    const Options& options;
    Site& site;
    Load& load;  ///< Of the whole server.
    DateLine date;
    /// Responses are written here; only bytes that the kernel did not accept are copied.
    std::string out;
    std::vector<std::string> spare_buffers;  ///< For `out`, while older content is unsent.
    LargeTurns large_turns;
    std::array<char, 65536> ignored;  ///< Bytes of any connection that are read and dropped.
    bool draining = false;
    TaskGroup connections_group;
    boost::intrusive::list<OpenConnection, boost::intrusive::constant_time_size<false>> connections;
    boost::intrusive::list<Upload, boost::intrusive::constant_time_size<false>> uploads;
};

}  // namespace a2akit::http
