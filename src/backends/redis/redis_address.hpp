#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit::redis {

/// The address of the server, and the credentials.
struct RedisAddress {
    std::string host;
    std::uint16_t port = 6379;
    std::string user;      ///< Empty: the server's default user.
    std::string password;  ///< Never shown.
    int database = 0;
    std::optional<std::string> prefix;  ///< Of every key and channel; none: not named in the URL.
    bool tls = false;
    std::string ca_file;           ///< PEM; empty: the system's.
    std::string certificate_file;  ///< PEM, of this client, with its chain; empty: none.
    std::string key_file;          ///< PEM; empty: in the certificate's file.

    // Not in the URL: how long a server may take before it counts as one that is gone.
    Duration connect_within = std::chrono::seconds(3);  ///< Until it has let this client in.
    Duration answer_within = std::chrono::seconds(2);   ///< For one command.

    /// `redis://user:password@host:port/database?prefix=a2akit:`, or
    /// `rediss://…?cafile=…&certfile=…&keyfile=…` for TLS. All but the host may be left out; user,
    /// password and parameters are percent-decoded. kInvalidParams saying which part is wrong, and
    /// nothing of the others.
    [[nodiscard]] static Result<RedisAddress> parse(std::string_view url);
};

}  // namespace a2akit::redis
