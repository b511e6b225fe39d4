#include "server/process.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <boost/system/system_error.hpp>

namespace a2akit {
namespace {

/// The descriptor to which the handler writes a signal's number; -1: none.
std::atomic<int> told{-1};

extern "C" void tell_signal(int number) {
    const int error = errno;
    const auto byte = static_cast<unsigned char>(number);
    if (const int to = told.load(); to >= 0) [[maybe_unused]]
        const ssize_t written = write(to, &byte, 1);
    errno = error;
}

}  // namespace

StopSignals::StopSignals(bool reloads) : count_(reloads ? 3 : 2) {
    notified_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (notified_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    if (pipe2(signals_.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        const int error = errno;
        ::close(notified_);
        throw std::system_error(error, std::generic_category(), "pipe");
    }
    if (notified_ < 0) {
        const int error = errno;
        for (const int end : signals_) ::close(end);
        throw std::system_error(error, std::generic_category(), "eventfd");
    }
    told = signals_[1];
    struct sigaction handler{};
    handler.sa_handler = tell_signal;
    handler.sa_flags = SA_RESTART;
    sigemptyset(&handler.sa_mask);
    sigset_t stops;
    sigemptyset(&stops);
    for (std::size_t i = 0; i < count_; ++i) {
        sigaddset(&stops, kSignals[i]);
        sigaction(kSignals[i], &handler, &former_[i]);
    }
    // The parent process may have left them blocked.
    pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
}

StopSignals::~StopSignals() {
    for (std::size_t i = 0; i < count_; ++i) sigaction(kSignals[i], &former_[i], nullptr);
    told = -1;
    for (const int end : signals_) ::close(end);
    ::close(notified_);
}

int StopSignals::wait(std::optional<std::chrono::milliseconds> at_most) {
    using std::chrono::steady_clock;
    const auto end = steady_clock::now() + at_most.value_or(std::chrono::milliseconds(0));
    for (;;) {
        std::array<pollfd, 2> sources{{{signals_[0], POLLIN, 0}, {notified_, POLLIN, 0}}};
        int left = -1;
        if (at_most) {
            const auto ms =
                std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
            if (ms <= 0) return kTimeout;
            left = static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
        }
        if (poll(sources.data(), sources.size(), left) < 0 && errno != EINTR) return 0;
        unsigned char number = 0;
        if (read(signals_[0], &number, 1) == 1) return number;
        std::uint64_t count = 0;
        if (read(notified_, &count, sizeof count) == sizeof count) return 0;
    }
}

void StopSignals::notify() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(notified_, &one, sizeof one);
}

void forbid_core_dumps() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
}

void ignore_write_signals() noexcept {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    for (const int number : {SIGPIPE, SIGXFSZ}) sigaction(number, &ignore, nullptr);
}

void return_freed_memory() noexcept {
#ifdef __GLIBC__
    // Setting the thresholds also stops glibc from raising them to the largest block freed so far,
    // which would keep freed megabytes in the process.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

void trim_memory() noexcept {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

std::size_t resident_bytes() noexcept {
    const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::array<char, 128> text{};
    const ssize_t size = ::read(file, text.data(), text.size() - 1);
    ::close(file);
    unsigned long resident = 0;
    if (size <= 0 || std::sscanf(text.data(), "%*u %lu", &resident) != 1) return 0;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Error start_error(const std::exception& thrown) {
    int code = 0;
    if (const auto* of_std = dynamic_cast<const std::system_error*>(&thrown)) {
        code = of_std->code().value();
    } else if (const auto* of_boost = dynamic_cast<const boost::system::system_error*>(&thrown)) {
        code = of_boost->code().value();
    } else if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) {
        code = ENOMEM;
    }
    std::string message;
    if (code == EAGAIN) {
        message =
            "the system allows this process no further threads; raise its limit "
            "(ulimit -u, TasksMax=, --pids-limit)";
    } else if (code == EMFILE || code == ENFILE) {
        message =
            "the system allows this process no further descriptors; raise its limit "
            "(ulimit -n, LimitNOFILE=, --ulimit nofile)";
    } else if (code == ENOMEM) {
        message =
            "the system allows this process no further memory; raise its limit "
            "(ulimit -v, MemoryMax=, --memory)";
    } else {
        message = std::string("the server does not start: ") + thrown.what();
    }
    return {ErrorCode::kUnavailable, std::move(message), nullptr};
}

Deputy::Deputy(std::function<void()> job)
    : thread_([wanted = begin_.get_future(), todo = std::move(job)]() mutable {
          if (wanted.get()) todo();
      }) {}

Deputy::~Deputy() {
    if (!begun_) begin_.set_value(false);
}

void Deputy::begin() {
    begun_ = true;
    begin_.set_value(true);
}

void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace a2akit
