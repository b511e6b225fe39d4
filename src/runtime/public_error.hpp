#pragma once

#include <a2akit/core/error.hpp>
#include <a2akit/core/ids.hpp>

#include <string_view>

namespace a2akit {

/// An error of a port as a client may see it. What the protocol has a word for passes unchanged;
/// what only the ports know becomes the nearest public error; what an engine says of its state
/// stays in the log. `key_field`: what makes the request a repeat, named when another request was
/// made with it.
[[nodiscard]] Error public_error(Error error, std::string_view key_field = "Idempotency-Key");

/// For an id that no task of the caller has, whether it exists or not.
[[nodiscard]] Error task_not_found(std::string_view id);

/// A message was accepted, but its turn can be given to nobody for now.
[[nodiscard]] Error not_queued_error(TaskId task);

/// The server is draining: nothing new is accepted here.
[[nodiscard]] Error draining_error();

}  // namespace a2akit
