#include "core/log.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace a2akit::log {
namespace {

spdlog::level::level_enum level_of(Level level) noexcept {
    switch (level) {
        case Level::kDebug:
            return spdlog::level::debug;
        case Level::kInfo:
            return spdlog::level::info;
        case Level::kWarn:
            return spdlog::level::warn;
        case Level::kError:
            break;
    }
    return spdlog::level::err;
}

}  // namespace

bool is_on(Level level) noexcept { return spdlog::should_log(level_of(level)); }

void write(Level level, fmt::string_view text, fmt::format_args arguments) {
    spdlog::default_logger_raw()->log(level_of(level),
                                      spdlog::string_view_t(fmt::vformat(text, arguments)));
}

void flush() { spdlog::default_logger_raw()->flush(); }

}  // namespace a2akit::log
