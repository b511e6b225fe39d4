#include "server/logging.hpp"

#include "core/log_text.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kLinesAhead = 8192;

/// What follows time and level. Whatever a text holds, it can't look like a line of its own.
class OneLine final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const std::string text = on_one_line({message.payload.data(), message.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<OneLine>(); }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<OneLine>('*').set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %*");
    return formatter;
}

ServerLog::ServerLog(const std::string& level)
    : former_(spdlog::default_logger()),
      writer_(std::make_shared<spdlog::details::thread_pool>(kLinesAhead, std::size_t{1})) {
    auto logger = std::make_shared<spdlog::async_logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                                         writer_, spdlog::async_overflow_policy::overrun_oldest);
    logger->set_formatter(make_log_formatter());
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(logger));
}

ServerLog::~ServerLog() {
    spdlog::default_logger()->flush();
    spdlog::set_default_logger(former_);
}

}  // namespace a2akit
