#include "cli/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

namespace a2akit::cli {
namespace {

/// What an interrupted command says. Written before the signal can use it, read in a handler.
std::array<char, 1024> farewell{};
volatile std::sig_atomic_t farewell_size = 0;
/// The command that goes on with the task; guarded by the console's lock.
std::string follow_up;

void on_interruption(int signal) {
    if (farewell_size > 0)
        (void)!::write(STDERR_FILENO, farewell.data(), static_cast<std::size_t>(farewell_size));
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

}  // namespace

Session::Session(Configuration configuration, Console& console)
    : configuration_(std::move(configuration)), console_(console) {}

std::string Session::command_line(std::string_view command) const {
    std::string line = "a2akit ";
    line += command;
    const auto& values = configuration_.values;
    const auto card = std::find_if(values.begin(), values.end(), [](const ResolvedValue& value) {
        return value.setting->flag == "agent-card";
    });
    if (card != values.end() && card->source == "flag")
        line += " --agent-card " + shell_word(options().agent_card);
    return line;
}

void Session::remember_task(std::string_view task_id) const {
    const std::string next = command_line("task get " + shell_word(task_id) + " --wait");
    const std::string text = "\nInterrupted; the task goes on.\nTask ID: " + one_line(task_id) +
                             "\nResume: " + one_line(next) + "\n";
    const auto lock = console_.hold();
    follow_up = next;
    farewell_size = 0;
    const std::size_t size = std::min(text.size(), farewell.size());
    std::memcpy(farewell.data(), text.data(), size);
    farewell_size = static_cast<std::sig_atomic_t>(size);
    std::signal(SIGINT, &on_interruption);
    std::signal(SIGTERM, &on_interruption);
    console_.debug("an interruption now names the task " + std::string(task_id));
}

struct TimeLimit::Watch {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::thread thread;
};

TimeLimit::TimeLimit(Duration timeout, Console& console) {
    if (timeout <= Duration::zero()) return;
    watch_ = std::make_unique<Watch>();
    watch_->thread = std::thread([watch = watch_.get(), timeout, &console] {
        std::unique_lock lock(watch->mutex);
        if (watch->changed.wait_for(lock, timeout, [watch] { return watch->over; })) return;
        const auto held = console.hold();
        console.failure(Failure(LocalError::kTimeout,
                                "--timeout is over, and the task has not ended", follow_up));
        std::_Exit(kExitTimeout);
    });
}

TimeLimit::~TimeLimit() {
    if (watch_ == nullptr) return;
    {
        const std::lock_guard lock(watch_->mutex);
        watch_->over = true;
    }
    watch_->changed.notify_all();
    watch_->thread.join();
}

}  // namespace a2akit::cli
