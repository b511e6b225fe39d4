#include "runtime/runs/task_logger.hpp"

#include "core/log_text.hpp"

#include <spdlog/spdlog.h>

#include <string_view>

namespace a2akit {
namespace {

class TaskLogger final : public spdlog::logger {
public:
    TaskLogger(const spdlog::logger& parent, std::string fields)
        : spdlog::logger(parent), fields_(std::move(fields)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const std::string_view said(message.payload.data(), message.payload.size());
        const std::string text = fields_ + " msg=" + quoted(said);
        spdlog::details::log_msg line = message;
        line.payload = text;
        spdlog::logger::sink_it_(line);
    }

private:
    std::string fields_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_task_logger(std::string fields) {
    return std::make_shared<TaskLogger>(*spdlog::default_logger_raw(), std::move(fields));
}

}  // namespace a2akit
