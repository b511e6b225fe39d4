#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/worker/worker.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace a2akit::testing {

class ScriptedWorker;

/// One thing that a scripted handler does. Made by the functions below.
class Step {
public:
    /// State that the steps of one run of the handler share.
    struct Play {
        ScriptedWorker& worker;
        TaskContext& context;
        bool emitted = false;  ///< The next text goes behind those already emitted.
    };
    using Act = std::function<Async<void>(Play&)>;
    explicit Step(Act act) : act_(std::move(act)) {}
    [[nodiscard]] Async<void> operator()(Play& play) const { return act_(play); }

    // -- Progress
    /// One chunk of the artifact "final-answer".
    [[nodiscard]] static Step emit(std::string text);
    [[nodiscard]] static Step status(std::string text);
    [[nodiscard]] static Step checkpoint(RawJson value);
    /// Fails the run (std::logic_error) unless the checkpoint it finds is this one.
    [[nodiscard]] static Step expect_checkpoint(RawJson value);
    // -- Waiting
    [[nodiscard]] static Step yield();  ///< What was emitted so far leaves on its own.
    [[nodiscard]] static Step sleep(Duration span);
    /// Until ScriptedWorker::open; deaf to cancels.
    [[nodiscard]] static Step wait_at(std::string gate);
    [[nodiscard]] static Step until_cancelled();
    // -- Ends of the turn
    [[nodiscard]] static Step complete();
    [[nodiscard]] static Step complete(std::string text);
    [[nodiscard]] static Step respond(std::string text);
    [[nodiscard]] static Step reply_directly(std::string text);
    [[nodiscard]] static Step fail(std::string reason);
    [[nodiscard]] static Step reject(std::string reason);
    [[nodiscard]] static Step request_input(std::string question);
    [[nodiscard]] static Step request_auth(std::string details);
    /// Throws std::runtime_error.
    [[nodiscard]] static Step fail_by_exception(std::string what);
    /// Any other step: `act` returns the Async of a coroutine function (and is not a coroutine
    /// itself if it captures).
    [[nodiscard]] static Step call(std::function<Async<void>(TaskContext&)> act);

private:
    Act act_;
};

using Script = std::vector<Step>;

/// A worker that does what the test says, and notes what it saw. Safe from any thread.
///
/// Each run of the handler plays one script: the one for the text of its message (`when`), else the
/// next one queued (`then`), else `otherwise`. A script that ends without a turn-ending step just
/// returns.
class ScriptedWorker final : public Worker {
public:
    struct Options {
        bool may_reply_directly = false;
        bool requires_context = false;
    };
    explicit ScriptedWorker(Script otherwise = {Step::complete()})
        : ScriptedWorker(std::move(otherwise), Options()) {}
    ScriptedWorker(Script otherwise, Options options);

    /// The next run that `when` says nothing about plays `script`.
    ScriptedWorker& then(Script script);
    /// Every run whose message has this text plays `script`.
    ScriptedWorker& when(std::string text, Script script);

    /// Opens the gate for the handlers that wait at it now or reach it later.
    void open(const std::string& gate);
    /// How many handlers wait at it now.
    [[nodiscard]] std::size_t waiting_at(const std::string& gate) const;

    /// One run of the handler, as the handler saw it.
    struct Seen {
        std::string task_id;
        std::string text;
        int attempt = 0;
        RawJson checkpoint;
        bool ended = false;      ///< The handler has returned or thrown.
        bool cancelled = false;  ///< is_cancelled() when it ended.
        std::string thrown;      ///< What it threw; empty for nothing.
    };
    /// In the order in which they began.
    [[nodiscard]] std::vector<Seen> seen() const;
    [[nodiscard]] std::size_t running() const;
    /// The largest number of handlers that ran at the same time.
    [[nodiscard]] std::size_t most_at_once() const;
    /// How often a handler began while another one of the same task was still running; a test
    /// expects 0.
    [[nodiscard]] std::size_t overlaps() const;

    Async<void> handle(TaskContext& ctx) override;
    [[nodiscard]] bool may_reply_directly() const noexcept override {
        return options_.may_reply_directly;
    }
    [[nodiscard]] bool requires_context() const noexcept override {
        return options_.requires_context;
    }

private:
    friend class Step;
    struct Gate {
        bool open = false;
        std::vector<Signal*> waiting;
    };

    [[nodiscard]] std::size_t begin(TaskContext& ctx);
    void end(std::size_t run, TaskContext& ctx, std::string thrown);
    [[nodiscard]] std::shared_ptr<const Script> script_for(std::string_view text);
    Async<void> wait_at(std::string gate);

    const Options options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Script> otherwise_;
    std::deque<std::shared_ptr<const Script>> queued_;
    std::map<std::string, std::shared_ptr<const Script>, std::less<>> by_text_;
    std::map<std::string, Gate> gates_;
    std::vector<Seen> seen_;
    std::map<std::string, std::size_t> running_;  ///< By task id.
    std::size_t running_count_ = 0;
    std::size_t most_at_once_ = 0;
    std::size_t overlaps_ = 0;
};

}  // namespace a2akit::testing
