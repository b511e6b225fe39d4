#pragma once

#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

namespace a2akit::postgres {

/// The error that a failed statement means. Outages, full disks, read-only servers and deadlocks
/// are kUnavailable: to be tried again. Everything else is kInternal. The server's text goes to the
/// log, not to the caller: once in ten seconds for each kind.
[[nodiscard]] Error statement_error(std::string_view sqlstate, std::string_view message);

/// After these another connection may lead to another server, or to the same one in a better state.
[[nodiscard]] bool ends_connection(std::string_view sqlstate);

/// Turns libpq's text about a failed connection into one line that says what to do; names neither
/// user, password nor database.
[[nodiscard]] Error connection_error(std::string_view message);

/// A notice processor for libpq, which else writes to the standard error.
void log_notice(void*, const char* message);

/// The error "PostgreSQL does not answer"; to be tried again.
[[nodiscard]] Error connection_lost();
[[nodiscard]] Error unavailable(std::string message);

}  // namespace a2akit::postgres
