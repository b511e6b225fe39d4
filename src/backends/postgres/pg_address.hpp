#pragma once

#include <a2akit/core/result.hpp>

#include <string>
#include <string_view>

namespace a2akit::postgres {

/// Where the database is, and what of it is ours.
struct PgAddress {
    std::string url;               ///< For libpq: without our own parameters. Holds credentials: never shown.
    std::string schema = "a2akit";
    int connections = 4;           ///< That serve requests; two more listen and notify.
    bool has_options = false;      ///< The URL sets libpq's `options` itself.

    /// `postgresql://user:password@host:port/database?schema=a2akit&connections=8`, and whatever libpq knows.
    /// kInvalidParams saying which parameter is wrong, and nothing of the others.
    [[nodiscard]] static Result<PgAddress> parse(std::string_view url);
};

}  // namespace a2akit::postgres
