#pragma once

#include "http/options.hpp"

#include <a2akit/server/server.hpp>

#include <memory>

namespace a2akit {

/// All that the settings say about who may connect, who a caller is and how much it may ask for.
/// Safe from any thread, except for `join`.
class ServerSecurity {
public:
    /// Reads the files that the settings name. kInvalidParams naming the setting and what is wrong.
    /// REQUIRES: settings resolved.
    static Result<std::unique_ptr<ServerSecurity>> open(const Settings& settings);
    ~ServerSecurity();

    /// Whether the settings name files that `reload` reads again.
    [[nodiscard]] static bool can_reload(const Settings& settings) noexcept;
    /// Reads the files again. With an error everything stays as it was.
    Result<void> reload();

    /// Adds the identities to the middlewares, before those of the application, and declares them
    /// in the card. Before the server starts.
    void join(ServerOptions& options) const;
    /// Adds TLS to the options of a server.
    void apply(http::Options& options) const;

private:
    ServerSecurity();

    std::shared_ptr<net::TlsCredentials> tls_;  ///< Null: plain HTTP.
};

}  // namespace a2akit
