#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/turn.hpp"

#include <a2akit/json/json.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchFlags {
    int clients = 8;
    std::string duration = "10s";
    std::string text = "Hello";
    bool streams = false;
};

/// What one client of the load has seen.
struct Tally {
    std::vector<double> milliseconds;
    std::map<std::string, std::size_t> errors;  ///< By code.
};

void take_one(Agent& agent, const Session& session, const BenchFlags& flags) {
    OutgoingRequest request = make_request(session, {Part::from_text(flags.text)});
    if (!flags.streams) {
        (void)agent.send(request);
        return;
    }
    const auto events = agent.stream(request);
    Standing standing;
    while (!standing.is_settled()) {
        const std::optional<StreamResponse> event = events->next();
        if (!event) break;
        standing.update(*event);
    }
}

Tally load(const Session& session, const ResolvedCard& card, const BenchFlags& flags,
           Clock::time_point end, std::atomic<std::size_t>& done) {
    Tally tally;
    Agent agent(session, card);
    while (Clock::now() < end) {
        const auto start = Clock::now();
        try {
            take_one(agent, session, flags);
            tally.milliseconds.push_back(
                std::chrono::duration<double, std::milli>(Clock::now() - start).count());
        } catch (const Failure& failure) {
            ++tally.errors[failure.code()];
        }
        ++done;
    }
    return tally;
}

double percentile(const std::vector<double>& sorted, double part) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

/// One line per second on a terminal.
void watch(const std::atomic<std::size_t>& done, Clock::time_point end, Console& console) {
    std::size_t before = 0;
    while (Clock::now() < end) {
        std::this_thread::sleep_for(
            std::min<Clock::duration>(std::chrono::seconds(1), end - Clock::now()));
        const std::size_t now = done;
        console.progress(std::to_string(now - before) + " messages in the last second");
        before = now;
    }
}

int report(Tally total, double seconds, const BenchFlags& flags, Console& console) {
    std::sort(total.milliseconds.begin(), total.milliseconds.end());
    const auto& sorted = total.milliseconds;
    Json errors = Json::object();
    std::size_t failed = 0;
    for (const auto& [code, count] : total.errors) {
        errors.set(code, count);
        failed += count;
    }
    const double rate = static_cast<double>(sorted.size()) / seconds;
    const std::vector<std::pair<std::string_view, double>> latencies{
        {"p50", percentile(sorted, 0.5)},
        {"p90", percentile(sorted, 0.9)},
        {"p99", percentile(sorted, 0.99)},
        {"max", percentile(sorted, 1)}};
    if (console.is_json()) {
        Json milliseconds = Json::object();
        for (const auto& [name, value] : latencies) milliseconds.set(name, value);
        console.json_line(Json::object({{"clients", flags.clients},
                                        {"seconds", seconds},
                                        {"messages", sorted.size()},
                                        {"perSecond", rate},
                                        {"milliseconds", milliseconds},
                                        {"errors", errors}})
                              .text());
    } else {
        console.field("Messages", std::to_string(sorted.size()));
        console.field("Per Second", std::to_string(static_cast<long long>(rate)));
        for (const auto& [name, value] : latencies)
            console.field("Latency " + std::string(name), std::to_string(value) + " ms");
        console.field("Errors", failed == 0 ? "0" : errors.text());
    }
    return failed == 0 && !sorted.empty() ? kExitSuccess : kExitFailure;
}

int run_bench(const Session& session, const BenchFlags& flags) {
    const auto duration = parse_duration(flags.duration);
    if (!duration || *duration <= Duration::zero())
        throw usage("--duration: use a number and a unit, such as 10s", "bench");
    const ResolvedCard card = resolve_card(session.options(), session.console());
    std::vector<Tally> tallies(static_cast<std::size_t>(flags.clients));
    std::vector<std::thread> threads;
    std::atomic<std::size_t> done{0};
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(*duration);
    for (Tally& tally : tallies) {
        threads.emplace_back([&] {
            try {
                tally = load(session, card, flags, end, done);
            } catch (const Failure& failure) {
                ++tally.errors[failure.code()];
            }
        });
    }
    watch(done, end, session.console());
    for (std::thread& thread : threads) thread.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    Tally total;
    for (Tally& tally : tallies) {
        total.milliseconds.insert(total.milliseconds.end(), tally.milliseconds.begin(),
                                  tally.milliseconds.end());
        for (const auto& [code, count] : tally.errors) total.errors[code] += count;
    }
    return report(std::move(total), seconds, flags, session.console());
}

}  // namespace

void add_bench(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<BenchFlags>();
    command.add_option("--clients", flags->clients, "Messages in flight at a time [default 8]")
        ->option_text("N")
        ->check(CLI::Range(1, 1000));
    command.add_option("--duration", flags->duration, "How long to send [default 10s]")
        ->option_text("DURATION");
    command.add_option("--text", flags->text, "The message [default Hello]")->option_text("TEXT");
    command.add_flag("--stream", flags->streams, "Read a stream instead of a blocking answer");
    program.add_agent_settings(command);
    program.on_chosen(command,
                      [flags](const Session& session) { return run_bench(session, *flags); });
}

}  // namespace a2akit::cli
