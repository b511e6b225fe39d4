#pragma once

namespace a2akit {

/// Whether this thread runs the handler of a BlockingWorker now.
[[nodiscard]] bool on_handler_thread() noexcept;

}  // namespace a2akit
