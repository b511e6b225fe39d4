#include "server/process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <pthread.h>

namespace a2akit {

StopSignals::StopSignals() {
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stops, &former_);
    signals_ = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    notified_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

StopSignals::~StopSignals() {
    ::close(signals_);
    ::close(notified_);
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

int StopSignals::wait(std::optional<std::chrono::milliseconds> at_most) {
    using std::chrono::steady_clock;
    const auto end = steady_clock::now() + at_most.value_or(std::chrono::milliseconds(0));
    for (;;) {
        std::array<pollfd, 2> sources{{{signals_, POLLIN, 0}, {notified_, POLLIN, 0}}};
        int left = -1;
        if (at_most) {
            const auto ms = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
            if (ms <= 0) return kTimeout;
            left = static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
        }
        if (poll(sources.data(), sources.size(), left) < 0 && errno != EINTR) return 0;
        signalfd_siginfo info{};
        if (read(signals_, &info, sizeof info) == sizeof info) return static_cast<int>(info.ssi_signo);
        std::uint64_t count = 0;
        if (read(notified_, &count, sizeof count) == sizeof count) return 0;
    }
}

void StopSignals::notify() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(notified_, &one, sizeof one);
}

void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace a2akit
