#pragma once

#include "http/exchange.hpp"
#include "http/request_reader.hpp"

#include <string>
#include <string_view>

namespace a2akit::http {

/// Decides what the head of a request alone decides: whether it may come in, and where it goes.
/// REQUIRES: state, reader and exchange outlive it; the reader has read a head.
class Admission {
public:
    Admission(const LoopState& state, RequestReader& reader, Exchange& exchange) noexcept
        : state_(state), reader_(reader), exchange_(exchange) {}

    /// Fills in the exchange; sets its refusal when the request goes no further. `peer`: the
    /// address of the client's end of the connection.
    void decide(const std::string& peer);

private:
    /// False: the request is refused, or answered already.
    [[nodiscard]] bool pass_gate(const security::Gate& gate, const std::string& peer, bool metered);
    void find_route(bool at_root);
    void keep(wire::Route&& route);

    const LoopState& state_;
    RequestReader& reader_;
    Exchange& exchange_;
};

/// The head of the request without the server's base path and the path of its site, which is set in
/// the exchange. Of a head that is incomplete or malformed: what has been read of it.
[[nodiscard]] wire::RequestHead head_of(RequestReader& reader, Exchange& exchange) noexcept;

/// The path and query of a target that names a whole URL.
[[nodiscard]] std::string_view without_authority(std::string_view target) noexcept;

/// The id that the request names, or one of our own.
[[nodiscard]] std::string request_id_for(std::string_view given);

}  // namespace a2akit::http
