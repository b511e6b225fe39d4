#pragma once

#include "http/answering.hpp"
#include "http/link.hpp"
#include "http/loop_state.hpp"
#include "http/request_intake.hpp"
#include "http/streaming.hpp"

#include <memory>
#include <string>

namespace a2akit::http {

/// One client's connection: reads requests one after the other and answers them. Its parts do the
/// work; it says which of them has its turn.
class Connection final : public OpenConnection, private Link::Listener {
public:
    Connection(LoopState& state, net::TcpSocket socket, std::string peer, Permit permit,
               security::AddressSlots::Slot address_slot);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() = default;

    /// The whole life of a connection.
    static Async<void> run(std::unique_ptr<Connection> connection);

    void drain() noexcept override;
    void abort() noexcept override;
    void give_way() noexcept override { intake_.give_way(); }

private:
    void on_deadline(Link::Phase phase, SteadyTime now) noexcept override;
    void on_departure() noexcept override { streaming_.wake(); }

    Async<void> serve();
    /// False: the client's TLS handshake has failed.
    Async<bool> shake_hands();
    Async<void> close();

    Permit permit_;
    security::AddressSlots::Slot address_slot_;
    Link link_;
    RequestIntake intake_;
    Answering answering_;
    Streaming streaming_;
};

}  // namespace a2akit::http
