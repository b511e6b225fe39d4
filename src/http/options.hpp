#pragma once

#include "net/tls.hpp"
#include "runtime/limits/load.hpp"
#include "security/gate.hpp"
#include "wire/endpoint.hpp"

#include <a2akit/core/clock.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace a2akit::http {

/// The limits of the HTTP side; see Settings for their meaning and defaults.
struct Options {
    std::string base_path;  ///< Empty, or starts with '/' and does not end with one.
    wire::Versions versions;
    std::shared_ptr<net::TlsCredentials> tls;    ///< Null: plain HTTP.
    std::shared_ptr<const security::Gate> gate;  ///< Null: lets everything pass.
    std::string extra_fields;                    ///< Whole header lines, for every response.
    std::size_t max_body_bytes = 10U << 20U;
    std::size_t max_header_bytes = 16U << 10U;
    std::size_t max_batch_bytes = 16U << 20U;  ///< Beyond this a batch begins no further call.
    LoadLimits limits;                         ///< Of the whole server; other bindings share them.
    Duration header_timeout = std::chrono::seconds(10);
    Duration body_timeout = std::chrono::seconds(30);
    /// A large body gives way to others when hardly any bytes of it have arrived for this long.
    Duration give_way_after = std::chrono::seconds(2);
    Duration idle_timeout = std::chrono::seconds(75);
    Duration write_timeout = std::chrono::seconds(60);
    Duration heartbeat = std::chrono::seconds(4);
    Duration watch_client_after = std::chrono::seconds(1);  ///< For unary calls.
};

}  // namespace a2akit::http
