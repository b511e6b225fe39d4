#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace a2akit {

/// A logger into the default logger's sinks, at its level. Each of its lines is `fields` and then
/// msg="…".
[[nodiscard]] std::shared_ptr<spdlog::logger> make_task_logger(std::string fields);

}  // namespace a2akit
