#include "server/logging.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kLinesAhead = 8192;

}  // namespace

ServerLog::ServerLog(const std::string& level)
    : former_(spdlog::default_logger()),
      writer_(std::make_shared<spdlog::details::thread_pool>(kLinesAhead, std::size_t{1})) {
    auto logger = std::make_shared<spdlog::async_logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                                         writer_, spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(logger));
}

ServerLog::~ServerLog() {
    spdlog::default_logger()->flush();
    spdlog::set_default_logger(former_);
}

}  // namespace a2akit
