#include "serve/child_process.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace a2akit::serve {
namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<net::AsioLoop::Executor>;

/// A descriptor that is closed unless it was released.
class Owned {
public:
    Owned() noexcept = default;
    explicit Owned(int descriptor) noexcept : descriptor_(descriptor) {}
    Owned(Owned&& other) noexcept : descriptor_(other.release()) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Owned() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

private:
    int descriptor_ = -1;
};

struct Pipe {
    Owned ours;
    Owned theirs;
};

Error failed(std::string_view what, int error) {
    return {ErrorCode::kUnavailable, std::string(what) + ": " + std::strerror(error), nullptr};
}

/// Not glibc's: the header of 2.36 declares it for C only.
int open_pidfd(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// Ours does not block, theirs does, as programs expect it.
Result<Pipe> make_pipe(bool we_write) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return failed("the system allows no pipe for the command", errno);
    Pipe pipe{Owned(ends[we_write ? 1 : 0]), Owned(ends[we_write ? 0 : 1])};
    // A program that was started without stdin has a pipe there; the child's three must not be
    // mixed up.
    if (pipe.theirs.get() <= STDERR_FILENO)
        pipe.theirs = Owned(fcntl(pipe.theirs.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK);
    return pipe;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// posix_spawn's attributes and file actions, freed together.
class SpawnPlan {
public:
    SpawnPlan() {
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_init(&actions_);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    /// A process group of its own, no signal blocked or ignored, and no descriptor but these.
    void prepare(const std::array<Pipe, 3>& pipes, const std::string& directory) {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        for (int i = 0; i < 3; ++i) {
            posix_spawn_file_actions_adddup2(&actions_,
                                             pipes[static_cast<std::size_t>(i)].theirs.get(), i);
        }
        if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
        posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    }
    int spawn(pid_t& pid, const ChildOptions& options) {
        return posix_spawnp(&pid, options.argv[0].c_str(), &actions_, &attributes_,
                            pointers(options.argv).data(), pointers(options.environment).data());
    }

private:
    posix_spawnattr_t attributes_{};
    posix_spawn_file_actions_t actions_{};
};

/// posix_spawn knows no limits, and setting them from here would come too late for what the command
/// starts first; so a shell sets them and becomes the command, which it does not interpret.
ChildOptions with_limits(ChildOptions options) {
    if (!options.memory_bytes) return options;
    const std::string kilobytes =
        std::to_string(std::max<std::size_t>(1, *options.memory_bytes / 1024));
    const std::array<std::string, 4> prefix{"/bin/sh", "-c", "ulimit -v \"$0\" && exec \"$@\"",
                                            kilobytes};
    options.argv.insert(options.argv.begin(), prefix.begin(), prefix.end());
    return options;
}

}  // namespace

std::string ChildExit::text() const {
    if (signal == 0) return "exit status " + std::to_string(status);
    const char* name = sigdescr_np(signal);
    return "signal " + std::to_string(signal) +
           (name != nullptr ? " (" + std::string(name) + ")" : "");
}

/// Shared with the waits that are under way, which end after their ChildProcess.
class ChildProcess::State : public std::enable_shared_from_this<State> {
public:
    State(net::AsioLoop& loop, pid_t pid, Owned watch, std::array<Pipe, 3> pipes)
        : pid_(pid),
          watch_(loop.context().get_executor(), watch.release()),
          input_(loop.context().get_executor(), pipes[0].ours.release()),
          outputs_{Output(loop, pipes[1].ours.release()), Output(loop, pipes[2].ours.release())} {}

    /// Begins to watch.
    void begin() {
        watch_.async_wait(Descriptor::wait_read, [self = shared_from_this()](NetError error) {
            if (!error) self->note_exit();
        });
        for (Output& output : outputs_) await(output);
    }
    /// The output is no longer read. The exit is still awaited, so that no zombie stays.
    void abandon() noexcept {
        kill();
        close(input_);
        for (Output& output : outputs_) close(output.descriptor);
    }

    void write(std::string_view bytes) {
        if (!input_.is_open()) return;
        unwritten_.append(bytes);
        send();
    }
    void close_input() {
        closing_ = true;
        send();
    }
    [[nodiscard]] std::size_t unwritten() const noexcept { return unwritten_.size() - written_; }

    std::string read(Stream stream, std::size_t most) {
        Output& output = outputs_[static_cast<std::size_t>(stream)];
        if (!output.ready || output.ended || most == 0) return {};
        if (reaped_) most = std::min(most, output.left_at_exit);
        std::string bytes(most, '\0');
        const ssize_t got =
            most == 0 ? 0 : ::read(output.descriptor.native_handle(), bytes.data(), most);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            output.ready = false;
            if (reaped_)
                output.ended = true;
            else
                await(output);
            return {};
        }
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (reaped_) output.left_at_exit -= bytes.size();
        if (got <= 0 || (reaped_ && output.left_at_exit == 0)) {
            output.ended = true;
            close(output.descriptor);
        }
        return bytes;
    }
    [[nodiscard]] bool ended(Stream stream) const noexcept {
        return outputs_[static_cast<std::size_t>(stream)].ended;
    }

    [[nodiscard]] const std::optional<ChildExit>& exit() const noexcept { return exit_; }
    void terminate() noexcept {
        gently_ = true;
        if (!reaped_) ::kill(-pid_, SIGTERM);
    }
    void kill() noexcept {
        gently_ = false;
        if (reaped_) return;
        ::kill(-pid_, SIGKILL);
        if (exit_) reap();
    }

    Signal event;

private:
    using NetError = boost::system::error_code;

    struct Output {
        Output(net::AsioLoop& loop, int native)
            : descriptor(loop.context().get_executor(), native) {}
        Descriptor descriptor;
        bool ready = false;
        bool ended = false;
        std::size_t left_at_exit = 0;  ///< Written before the process ended, not read yet.
    };

    static void close(Descriptor& descriptor) noexcept {
        NetError ignored;
        descriptor.close(ignored);
    }

    void await(Output& output) {
        output.descriptor.async_wait(Descriptor::wait_read,
                                     [self = shared_from_this(), &output](NetError error) {
                                         if (error) return;
                                         output.ready = true;
                                         self->event.set();
                                     });
    }

    void send() {
        if (!input_.is_open() || sending_) return;
        while (written_ < unwritten_.size()) {
            const ssize_t sent = ::write(input_.native_handle(), unwritten_.data() + written_,
                                         unwritten_.size() - written_);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0 && errno == EAGAIN) return await_writable();
            if (sent < 0) return drop_input();
            written_ += static_cast<std::size_t>(sent);
        }
        unwritten_.clear();
        written_ = 0;
        if (closing_) close(input_);
    }
    void await_writable() {
        sending_ = true;
        input_.async_wait(Descriptor::wait_write, [self = shared_from_this()](NetError error) {
            self->sending_ = false;
            if (!error) self->send();
            self->event.set();
        });
    }
    void drop_input() noexcept {
        unwritten_.clear();
        written_ = 0;
        close(input_);
    }

    void note_exit() {
        siginfo_t info{};
        while (wait_for(info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        }
        const bool exited = info.si_code == CLD_EXITED;
        exit_ = ChildExit{exited ? info.si_status : 0, exited ? 0 : info.si_status};
        drop_input();
        if (!gently_) kill();
        event.set();
    }
    /// REQUIRES: the group has been killed; once its leader is reaped, others may get its number.
    void reap() noexcept {
        siginfo_t info{};
        while (wait_for(info, WEXITED) != 0 && errno == EINTR) {
        }
        reaped_ = true;
        close(watch_);
        for (Output& output : outputs_) note_what_is_left(output);
    }
    int wait_for(siginfo_t& info, int options) noexcept {
        return waitid(P_PIDFD, static_cast<id_t>(watch_.native_handle()), &info, options);
    }
    /// A process that has left the group may keep the pipe open and even write on: what counts is
    /// what stands in it now.
    static void note_what_is_left(Output& output) noexcept {
        if (output.ended || !output.descriptor.is_open()) return;
        int bytes = 0;
        ioctl(output.descriptor.native_handle(), FIONREAD, &bytes);
        output.left_at_exit = static_cast<std::size_t>(std::max(bytes, 0));
        output.ready = true;
        if (output.left_at_exit == 0) {
            output.ended = true;
            close(output.descriptor);
        }
    }

    pid_t pid_;
    Descriptor watch_;  ///< A pidfd: readable once the process has ended.
    Descriptor input_;
    std::array<Output, 2> outputs_;
    std::string unwritten_;
    std::size_t written_ = 0;  ///< Of `unwritten_`, from the front.
    bool sending_ = false;
    bool closing_ = false;
    bool gently_ = false;  ///< The group may outlive its leader until `kill`.
    bool reaped_ = false;
    std::optional<ChildExit> exit_;
};

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(net::AsioLoop& loop,
                                                          const ChildOptions& options) {
    std::array<Pipe, 3> pipes;
    for (std::size_t i = 0; i < pipes.size(); ++i) {
        Result<Pipe> pipe = make_pipe(i == 0);
        if (!pipe) return fail(std::move(pipe.error()));
        pipes[i] = std::move(*pipe);
    }
    SpawnPlan plan;
    plan.prepare(pipes, options.directory);
    pid_t pid = -1;
    if (const int error = plan.spawn(pid, with_limits(options)); error != 0)
        return failed("the command cannot be started", error);
    Owned watch(open_pidfd(pid));
    if (watch.get() < 0) {
        const int error = errno;
        ::kill(-pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return failed("the command cannot be watched", error);
    }
    auto state = std::make_shared<State>(loop, pid, std::move(watch), std::move(pipes));
    state->begin();
    return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(state)));
}

ChildProcess::ChildProcess(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
ChildProcess::~ChildProcess() { state_->abandon(); }

Signal& ChildProcess::event() noexcept { return state_->event; }
void ChildProcess::write(std::string_view bytes) { state_->write(bytes); }
void ChildProcess::close_input() { state_->close_input(); }
std::size_t ChildProcess::unwritten() const noexcept { return state_->unwritten(); }
std::string ChildProcess::read(Stream stream, std::size_t most) {
    return state_->read(stream, most);
}
bool ChildProcess::ended(Stream stream) const noexcept { return state_->ended(stream); }
const std::optional<ChildExit>& ChildProcess::exit() const noexcept { return state_->exit(); }
void ChildProcess::terminate() noexcept { state_->terminate(); }
void ChildProcess::kill() noexcept { state_->kill(); }

std::string find_program(const std::string& name) {
    const auto can_run = [](const std::string& file) {
        std::error_code ignored;
        return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
    };
    if (name.find('/') != std::string::npos) return can_run(name) ? name : std::string();
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        const std::string file = (folder.empty() ? "." : std::string(folder)) + "/" + name;
        if (!name.empty() && can_run(file)) return file;
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    }
    return {};
}

}  // namespace a2akit::serve
