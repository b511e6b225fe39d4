#pragma once

#include <fmt/core.h>

namespace a2akit::log {

/// Lines for the operator, through spdlog's default logger. Each names what it is about as
/// key=value or in a sentence, and carries no secret. Safe from any thread. A line of a handler's
/// own goes through TaskContext::logger instead.
///
/// The formatting is compiled once, in log.cpp, so that code that writes lines need not compile
/// spdlog and fmt.
enum class Level { kDebug, kInfo, kWarn, kError };

[[nodiscard]] bool is_on(Level level) noexcept;
void write(Level level, fmt::string_view text, fmt::format_args arguments);
/// All lines written so far reach their sink before this returns.
void flush();

template <typename... Arguments>
void debug(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (is_on(Level::kDebug)) write(Level::kDebug, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void info(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (is_on(Level::kInfo)) write(Level::kInfo, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void warn(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (is_on(Level::kWarn)) write(Level::kWarn, text, fmt::make_format_args(arguments...));
}
template <typename... Arguments>
void error(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (is_on(Level::kError)) write(Level::kError, text, fmt::make_format_args(arguments...));
}

}  // namespace a2akit::log
