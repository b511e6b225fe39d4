#include "runtime/task_logger.hpp"

#include <spdlog/spdlog.h>

namespace a2akit {
namespace {

class TaskLogger final : public spdlog::logger {
public:
    TaskLogger(const spdlog::logger& parent, std::string prefix) : spdlog::logger(parent), prefix_(std::move(prefix)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        text.append(prefix_.data(), prefix_.data() + prefix_.size());
        text.append(message.payload.data(), message.payload.data() + message.payload.size());
        spdlog::details::log_msg prefixed = message;
        prefixed.payload = spdlog::string_view_t(text.data(), text.size());
        spdlog::logger::sink_it_(prefixed);
    }

private:
    std::string prefix_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_task_logger(std::string prefix) {
    return std::make_shared<TaskLogger>(*spdlog::default_logger_raw(), std::move(prefix));
}

}  // namespace a2akit
