#include "server/logging.hpp"

#include "core/log_text.hpp"
#include "server/log_queue.hpp"
#include "server/stderr_sink.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kLinesAhead = 8192;
constexpr std::chrono::milliseconds kPatienceAtEnd(1000);

/// The part of a line after time and level. A text can never look like a separate line, whatever it
/// holds.
class OneLine final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string text = on_one_line({message.payload.data(), message.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<OneLine>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<OneLine>('*').set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %*");
    return formatter;
}

ServerLog::ServerLog(const std::string& level)
    : former_(spdlog::default_logger()),
      sink_(std::make_shared<StderrSink>([this] { return queue_->lost(); })),
      queue_(std::make_shared<LogQueue>(sink_, kLinesAhead)) {
    auto logger = std::make_shared<spdlog::logger>("", queue_);
    logger->set_formatter(make_log_formatter());
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(logger));
}

ServerLog::~ServerLog() {
    sink_->hurry(std::chrono::steady_clock::now() + kPatienceAtEnd);
    spdlog::set_default_logger(former_);
    queue_->close();
}

void ServerLog::finish() {
    const auto end = std::chrono::steady_clock::now() + kPatienceAtEnd;
    sink_->hurry(end);
    sink_->wait_for_flush([] { spdlog::default_logger_raw()->flush(); }, end);
}

}  // namespace a2akit
