#pragma once

#include <a2akit/storage/snapshot.hpp>

#include <optional>

namespace a2akit {

/// Moves the contents of a snapshot that is not needed afterwards into an empty task; `to_task`
/// copies them.
void take_task(TaskSnapshot&& snapshot, std::optional<std::int32_t> history_length, Task& task);

}  // namespace a2akit
