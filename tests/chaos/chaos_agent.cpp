// The agent that the chaos tests kill. What its handler does is in the message; what it did is in
// the artifact, and in a journal beside the database that survives the process.
//
//   chaos_agent [--process NUMBER] [--journal FILE] [--lose-hints P] [--lose-wakes P] [--nodes 2]
//               [--without fencing,sweeps,tails,renewals,repeats,keys,acks,handlers]
//
// Everything else comes from A2AKIT_*. Its number is unique among the processes of a test. A second
// node shares all ports but the broker, and does the sweeping: what it finds, it runs itself.
// Prints "READY url" once the first one listens.
#include "chaos/broken_ports.hpp"
#include "server/backend_registry.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/server/server.hpp>
#include <a2akit/testing/faulty_ports.hpp>
#include <a2akit/testing/memory_ports.hpp>

#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using a2akit::Async;

struct Arguments {
    std::string process = "0";
    std::string journal;
    a2akit::testing::FaultPlan faults;
    a2akit::chaos::Breakage breakage;
    bool second_node = false;
};

/// One line per start and end of a handler. A line is one write to a file that the kernel keeps
/// when the process dies.
class Journal {
public:
    explicit Journal(const std::string& path)
        : file_(path.empty()
                    ? -1
                    : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
        if (!path.empty() && file_ < 0)
            throw std::runtime_error("the journal can't be opened: " + path);
    }
    ~Journal() {
        if (file_ >= 0) ::close(file_);
    }
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    void note(const std::string& line) const {
        if (file_ < 0) return;
        const std::string text = line + '\n';
        if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            std::abort();
    }

private:
    int file_;
};

/// "key=number" out of a message such as "chunks=3 delay=10 end=complete".
int number_of(std::string_view text, std::string_view key, int standard) {
    const auto at = text.find(std::string(key) + '=');
    if (at == std::string_view::npos) return standard;
    const std::string_view digits = text.substr(at + key.size() + 1);
    int value = standard;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

/// The journal's two lines about one call of the handler.
class Noted {
public:
    Noted(const Journal& journal, const a2akit::TaskContext& ctx, std::string run)
        : journal_(journal), about_(ctx.task_id() + ' ' + ctx.message_id() + ' ' + std::move(run)) {
        journal_.note("start " + about_ + ' ' + std::to_string(ctx.attempt()));
    }
    ~Noted() { journal_.note("end " + about_); }
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;

private:
    const Journal& journal_;
    std::string about_;
};

/// Writes "run i/n" chunks, and ends as it was told. A run's name is unique over all processes.
class ChaosWorker final : public a2akit::Worker {
public:
    ChaosWorker(const Journal& journal, std::string process, bool idle)
        : journal_(journal), process_(std::move(process)), idle_(idle) {}

    Async<void> handle(a2akit::TaskContext& ctx) override {
        const int number = ++runs_;
        if (idle_ && number % 2 == 0) co_return co_await ctx.fail("no handler was asked");
        if (idle_) co_return co_await ctx.complete();
        const std::string run = process_ + '.' + std::to_string(number);
        const Noted noted(journal_, ctx, run);
        const std::string plan(ctx.user_text());
        const int chunks = number_of(plan, "chunks", 1);
        const a2akit::Duration delay(number_of(plan, "delay", 0));
        const bool stubborn = number_of(plan, "stubborn", 0) != 0;
        const std::string artifact = "out-" + ctx.message_id();
        for (int i = 1; i <= chunks; ++i) {
            if (delay.count() != 0) co_await a2akit::sleep_for(delay);
            if (ctx.is_cancelled() && !stubborn) co_return;
            std::string text = run + ' ' + std::to_string(i) + '/' + std::to_string(chunks) + '\n';
            co_await ctx.emit_text_artifact(std::move(text), artifact, i > 1, i == chunks);
        }
        std::string last = run + " done";
        if (number_of(plan, "secret", 0) != 0) {
            const auto secret = ctx.request_context().header("x-secret");
            ctx.logger().debug("a secret of {} characters", secret.size());
            last = "the secret's length is " + std::to_string(secret.size());
        }
        if (plan.find("end=input") != std::string::npos) {
            co_await ctx.request_input(std::move(last));
            co_return co_await a2akit::sleep_for(a2akit::Duration(number_of(plan, "linger", 0)));
        }
        if (plan.find("end=fail") != std::string::npos)
            co_return co_await ctx.fail(std::move(last));
        co_await ctx.respond(std::move(last));
    }

private:
    const Journal& journal_;
    const std::string process_;
    const bool idle_;  ///< It ends turns, and does nothing for it.
    std::atomic<int> runs_{0};
};

Arguments read_arguments(int count, char** values) {
    Arguments result;
    for (int i = 1; i < count; i += 2) {
        const std::string name = values[i];
        if (i + 1 == count) throw std::invalid_argument(name + " needs a value");
        const std::string value = values[i + 1];
        if (name == "--process")
            result.process = value;
        else if (name == "--journal")
            result.journal = value;
        else if (name == "--lose-hints")
            result.faults.broker_dropped = result.faults.cancel_dropped = std::stod(value);
        else if (name == "--lose-wakes")
            result.faults.bus_dropped = std::stod(value);
        else if (name == "--nodes")
            result.second_node = value == "2";
        else if (name == "--without") {
            result.breakage.fencing = value.find("fencing") != std::string::npos;
            result.breakage.sweeps = value.find("sweeps") != std::string::npos;
            result.breakage.tails = value.find("tails") != std::string::npos;
            result.breakage.renewals = value.find("renewals") != std::string::npos;
            result.breakage.repeats = value.find("repeats") != std::string::npos;
            result.breakage.keys = value.find("keys") != std::string::npos;
            result.breakage.acks = value.find("acks") != std::string::npos;
            result.breakage.handlers = value.find("handlers") != std::string::npos;
        } else
            throw std::invalid_argument("unknown option " + name);
    }
    result.faults.seed = static_cast<std::uint64_t>(::getpid());
    return result;
}

/// Ports that misbehave as the arguments say; none where they say nothing: then the server makes
/// its own.
a2akit::Ports ports_for(const Arguments& arguments) {
    const bool faulty = arguments.faults.broker_dropped > 0 || arguments.faults.bus_dropped > 0;
    if (!faulty && !arguments.breakage.any_port() && !arguments.second_node) return {};
    auto settings =
        a2akit::Settings{}.resolved(a2akit::Settings::process_environment()).value_or_throw();
    a2akit::Ports ports = a2akit::BackendRegistry::standard().open({}, settings).value_or_throw();
    if (arguments.breakage.any_port())
        ports = a2akit::chaos::break_ports(std::move(ports), arguments.breakage);
    if (faulty)
        ports = a2akit::testing::FaultyPorts::wrap(std::move(ports), arguments.faults).ports();
    return ports;
}

a2akit::ServerOptions options_for(std::shared_ptr<a2akit::Worker> worker, a2akit::Ports ports) {
    a2akit::ServerOptions options;
    options.worker = std::move(worker);
    options.card.name = "Chaos";
    options.card.description = "Does what its message says, and is killed while it does.";
    options.card.version = "1";
    options.ports = std::move(ports);
    return options;
}

int serve(const Arguments& arguments) {
    const Journal journal(arguments.journal);
    const auto worker =
        std::make_shared<ChaosWorker>(journal, arguments.process, arguments.breakage.handlers);
    a2akit::ServerOptions options = options_for(worker, ports_for(arguments));
    std::optional<a2akit::Server> second;
    if (arguments.second_node) {
        a2akit::ServerOptions more = options_for(worker, options.ports);
        more.ports.broker = a2akit::testing::memory_ports().broker;
        second.emplace(std::move(more));
        options.ports = a2akit::chaos::break_ports(std::move(options.ports), {.sweeps = true});
    }
    options.on_listening = [&second](const std::string& url) {
        if (second) second->start().value_or_throw();
        std::printf("READY %s\n", url.c_str());
        std::fflush(stdout);
    };
    return a2akit::Server(std::move(options)).run();
}

}  // namespace

int main(int count, char** values) {
    try {
        return serve(read_arguments(count, values));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "chaos_agent: %s\n", e.what());
        return EXIT_FAILURE;
    }
}
