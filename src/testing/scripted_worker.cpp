#include <a2akit/testing/scripted_worker.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace a2akit::testing {
namespace {

Async<void> throw_runtime_error(std::string what) {
    throw std::runtime_error(what);
    co_return;
}

Async<void> compare_checkpoint(RawJson found, RawJson expected) {
    if (found == expected) co_return;
    throw std::logic_error("the script expects another checkpoint than the handler found");
}

Async<void> yield_once() { co_await a2akit::yield(); }

}  // namespace

Step Step::emit(std::string text) {
    return Step([text](Play& play) {
        const bool append = std::exchange(play.emitted, true);
        return play.context.emit_text_artifact(text, "final-answer", append);
    });
}
Step Step::status(std::string text) {
    return Step([text](Play& play) { return play.context.send_status(text); });
}
Step Step::checkpoint(RawJson value) {
    return Step([value](Play& play) { return play.context.save_checkpoint(value); });
}
Step Step::expect_checkpoint(RawJson value) {
    return Step(
        [value](Play& play) { return compare_checkpoint(play.context.checkpoint(), value); });
}
Step Step::yield() {
    return Step([](Play&) { return yield_once(); });
}
Step Step::sleep(Duration span) {
    return Step([span](Play&) { return sleep_for(span); });
}
Step Step::wait_at(std::string gate) {
    return Step([gate](Play& play) { return play.worker.wait_at(gate); });
}
Step Step::until_cancelled() {
    return Step([](Play& play) { return play.context.cancelled(); });
}
Step Step::complete() {
    return Step([](Play& play) { return play.context.complete(); });
}
Step Step::complete(std::string text) {
    return Step([text](Play& play) { return play.context.complete(text); });
}
Step Step::respond(std::string text) {
    return Step([text](Play& play) { return play.context.respond(text); });
}
Step Step::reply_directly(std::string text) {
    return Step([text](Play& play) { return play.context.reply_directly(text); });
}
Step Step::fail(std::string reason) {
    return Step([reason](Play& play) { return play.context.fail(reason); });
}
Step Step::reject(std::string reason) {
    return Step([reason](Play& play) { return play.context.reject(reason); });
}
Step Step::request_input(std::string question) {
    return Step([question](Play& play) { return play.context.request_input(question); });
}
Step Step::request_auth(std::string details) {
    return Step([details](Play& play) {
        AuthRequest request{.details = details, .schemes = {}, .url = {}};
        return play.context.request_auth(std::move(request));
    });
}
Step Step::fail_by_exception(std::string what) {
    return Step([what](Play&) { return throw_runtime_error(what); });
}
Step Step::call(std::function<Async<void>(TaskContext&)> act) {
    return Step([act](Play& play) { return act(play.context); });
}

ScriptedWorker::ScriptedWorker(Script otherwise, Options options)
    : options_(options), otherwise_(std::make_shared<const Script>(std::move(otherwise))) {}

ScriptedWorker& ScriptedWorker::then(Script script) {
    const std::lock_guard lock(mutex_);
    queued_.push_back(std::make_shared<const Script>(std::move(script)));
    return *this;
}

ScriptedWorker& ScriptedWorker::when(std::string text, Script script) {
    const std::lock_guard lock(mutex_);
    by_text_[std::move(text)] = std::make_shared<const Script>(std::move(script));
    return *this;
}

std::shared_ptr<const Script> ScriptedWorker::script_for(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_text_.find(text); found != by_text_.end()) return found->second;
    if (queued_.empty()) return otherwise_;
    auto next = std::move(queued_.front());
    queued_.pop_front();
    return next;
}

// -- Gates

void ScriptedWorker::open(const std::string& gate) {
    const std::lock_guard lock(mutex_);
    Gate& opened = gates_[gate];
    opened.open = true;
    for (Signal* signal : opened.waiting) signal->set();
}

std::size_t ScriptedWorker::waiting_at(const std::string& gate) const {
    const std::lock_guard lock(mutex_);
    const auto found = gates_.find(gate);
    return found == gates_.end() || found->second.open ? 0 : found->second.waiting.size();
}

Async<void> ScriptedWorker::wait_at(std::string gate) {
    Signal opened;
    {
        const std::lock_guard lock(mutex_);
        Gate& here = gates_[gate];
        if (here.open) co_return;
        here.waiting.push_back(&opened);
    }
    co_await opened.wait();
    const std::lock_guard lock(mutex_);
    std::erase(gates_[gate].waiting, &opened);
}

// -- What it saw

std::size_t ScriptedWorker::begin(TaskContext& ctx) {
    const std::lock_guard lock(mutex_);
    if (running_[ctx.task_id()]++ > 0) ++overlaps_;
    most_at_once_ = std::max(most_at_once_, ++running_count_);
    seen_.push_back({.task_id = ctx.task_id(),
                     .text = std::string(ctx.user_text()),
                     .attempt = ctx.attempt(),
                     .checkpoint = ctx.checkpoint()});
    return seen_.size() - 1;
}

void ScriptedWorker::end(std::size_t run, TaskContext& ctx, std::string thrown) {
    const std::lock_guard lock(mutex_);
    --running_count_;
    if (--running_[ctx.task_id()] == 0) running_.erase(ctx.task_id());
    seen_[run].ended = true;
    seen_[run].cancelled = ctx.is_cancelled();
    seen_[run].thrown = std::move(thrown);
}

std::vector<ScriptedWorker::Seen> ScriptedWorker::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

std::size_t ScriptedWorker::running() const {
    const std::lock_guard lock(mutex_);
    return running_count_;
}

std::size_t ScriptedWorker::most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
}

std::size_t ScriptedWorker::overlaps() const {
    const std::lock_guard lock(mutex_);
    return overlaps_;
}

Async<void> ScriptedWorker::handle(TaskContext& ctx) {
    const std::size_t run = begin(ctx);
    const std::shared_ptr<const Script> script = script_for(ctx.user_text());
    Step::Play play{*this, ctx};
    try {
        for (const Step& step : *script) {
            auto acting = step(play);
            co_await std::move(acting);
        }
    } catch (const std::exception& error) {
        end(run, ctx, error.what());
        throw;
    }
    end(run, ctx, {});
}

}  // namespace a2akit::testing
