#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace a2akit {

/// A logger into the default logger's sinks, at its level, whose lines begin with `prefix`.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_task_logger(std::string prefix);

}  // namespace a2akit
