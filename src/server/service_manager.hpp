#pragma once

#include "net/listening_socket.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace a2akit {

/// The socket that a service manager has opened for this process (the protocol of
/// sd_listen_fds(3)); nullopt when it was not started that way. The first call takes it.
/// kInvalidParams when there are several, or the descriptor is not a socket that listens.
Result<std::optional<net::ListeningSocket>> take_activated_socket();

/// Tells the service manager how this server is doing (the protocol of sd_notify(3)), if it asked
/// for that. What cannot be sent is lost: a server does not depend on who watches it.
class ServiceManager {
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    void ready() const { tell("READY=1"); }
    void stopping() const { tell("STOPPING=1"); }
    void reloading() const;

    /// Gives a sign of life twice within the time that the service manager allows between two, for
    /// as long as the loop that calls this is alive. Does nothing when it asked for none.
    void start_watchdog();
    /// On the loop that started it.
    Async<void> stop_watchdog();

private:
    void tell(std::string_view state) const;
    Async<void> give_signs_of_life();

    std::string socket_;                ///< Empty: no service manager asked.
    std::optional<Duration> interval_;  ///< Between two signs of life.
    TaskGroup group_;
    Signal stop_;
};

}  // namespace a2akit
