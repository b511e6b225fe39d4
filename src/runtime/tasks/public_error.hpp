#pragma once

#include <a2akit/core/error.hpp>
#include <a2akit/core/ids.hpp>

#include <string_view>

namespace a2akit {

/// An error of a port as a client may see it. Errors of the protocol pass unchanged; errors that
/// only the ports know become the nearest public error; an engine's account of its state stays in
/// the log. `key_field`: the field that identifies repeats, named when another request has used its
/// value.
[[nodiscard]] Error public_error(Error error, std::string_view key_field = "Idempotency-Key");

/// For an id that no task of the caller has, whether it exists or not.
[[nodiscard]] Error task_not_found(std::string_view id);

/// The error when a message was accepted, but its turn cannot be given to any worker at the moment.
[[nodiscard]] Error not_queued_error(TaskId task);

/// The server is draining: nothing new is accepted here.
[[nodiscard]] Error draining_error();

}  // namespace a2akit
