#pragma once

#include <a2akit/core/result.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::postgres {

/// The address of the database, and our schema in it.
struct PgAddress {
    std::string url;  ///< For libpq: without our own parameters. Holds credentials: never shown.
    std::string schema = "a2akit";
    int connections = 4;                  ///< That serve requests; two more listen and notify.
    bool has_options = false;             ///< The URL sets libpq's `options` itself.
    std::vector<std::string> hosts = {};  ///< Of the URL; none when it names addresses beside them.
    std::vector<std::string> ports = {};  ///< One for all of them, one for each, or none.

    /// The servers in the order in which they are tried. Without any, libpq takes what the URL
    /// says.
    struct Servers {
        std::vector<std::string> hosts;
        std::vector<std::string> ports;      ///< As many.
        std::vector<std::string> addresses;  ///< As many, or none: libpq looks the hosts up.
        std::size_t first = 0;               ///< Which of the URL's it is that comes first.
    };
    /// As libpq takes them.
    [[nodiscard]] static std::string list(const std::vector<std::string>& parts);
    /// Another host comes first with each attempt, since libpq waits for one that keeps silent as
    /// long as it is let; the first attempt begins where the last connection was made. From any
    /// thread.
    [[nodiscard]] Servers servers(std::size_t attempt) const;
    void note_success(const Servers& servers) const { first_server->store(servers.first); }

    /// Of copies too.
    std::shared_ptr<std::atomic<std::size_t>> first_server =
        std::make_shared<std::atomic<std::size_t>>(0);

    /// `postgresql://user:password@host:port/database?schema=a2akit&connections=8`, and whatever
    /// libpq knows. kInvalidParams saying which parameter is wrong, and nothing of the others.
    [[nodiscard]] static Result<PgAddress> parse(std::string_view url);
};

}  // namespace a2akit::postgres
