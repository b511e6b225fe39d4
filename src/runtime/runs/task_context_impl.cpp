#include "runtime/runs/task_context_impl.hpp"

#include "core/handler_mark.hpp"
#include "core/later.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/awaited.hpp"
#include "runtime/runs/handler_output.hpp"
#include "runtime/runs/task_logger.hpp"
#include "runtime/tasks/media_range.hpp"

#include <a2akit/protocol/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

// Messages in the history after the turn's own message came from an earlier attempt at the same
// turn.
void keep_only_before(std::vector<Shared<Message>>& history, const Message& message) {
    for (auto at = history.rbegin(); at != history.rend(); ++at) {
        if ((*at)->role == Role::kUser && (*at)->message_id == message.message_id) {
            history.erase(at.base() - 1, history.end());
            return;
        }
    }
}

template <class T>
bool out_of_reach(const Result<T>& result) noexcept {
    return !result && result.error().code == ErrorCode::kUnavailable;
}

}  // namespace

TaskContextImpl::TaskContextImpl(WorkerNode& node, const ServedAgent& agent, Turn turn, Run&& run)
    : node_(node),
      agent_(agent),
      run_(std::move(run)),
      task_id_(run_.snapshot.id.to_string()),
      turn_(turn) {
    keep_only_before(run_.snapshot.history, message());
    if (run_.snapshot.cancel_by) note_cancel(*run_.snapshot.cancel_by);
}

void TaskContextImpl::lose(ErrorCode why) noexcept {
    if (lost()) return;
    lost_why_ = why;
    lost_.store(true, std::memory_order_release);
    stop_signal().set();
}

void TaskContextImpl::note_cancel(Timestamp cancel_by) noexcept {
    cancel_by_.store(std::max<std::int64_t>(1, cancel_by.time_since_epoch().count()),
                     std::memory_order_release);
    stop_signal().set();
}

bool TaskContextImpl::cancel_requested() const noexcept {
    return cancel_by_.load(std::memory_order_acquire) != 0 || (scope_ && scope_->is_cancelled());
}

bool TaskContextImpl::is_cancelled() const noexcept { return lost() || cancel_requested(); }

Async<void> TaskContextImpl::cancelled() {
    if (lost() || deadline()) return awaited("cancelled", Async<void>());
    return awaited("cancelled", wait_until_stopped());
}

Async<bool> TaskContextImpl::cancelled_within(Duration span) {
    if (lost() || deadline()) return awaited("cancelled_within", Async<bool>(true));
    return awaited("cancelled_within", wait_for_stop(later(Loop::current()->now(), span)));
}

Async<void> TaskContextImpl::wait(Signal& done, std::optional<SteadyTime> until) {
    co_await await_stop(&done, until);
    mark_handler(id());
}

void TaskContextImpl::wake_next_waiter() noexcept {
    if (!stop_waiters_.empty()) stop_waiters_.front()->set();
}

// Not a part of await_stop, whose frame stays for as long as a handler waits.
Async<bool> TaskContextImpl::wait_on(Signal& one, Signal& other, std::optional<SteadyTime> until) {
    co_return co_await Signal::either(one, other, until);
}

Async<void> TaskContextImpl::await_stop(Signal* other, std::optional<SteadyTime> until) {
    while (stop_awaited_) {
        Signal turn;
        const auto place = stop_waiters_.insert(stop_waiters_.end(), &turn);
        bool woken = true;
        if (other == nullptr)
            woken = co_await Signal::Wait(turn, until);
        else
            woken = co_await wait_on(turn, *other, until);
        stop_waiters_.erase(place);
        if (stop_signal().is_set() || !woken) co_return;
        if (other != nullptr && other->is_set()) {
            // This coroutine was the one that waited for the stop: the next one takes its place.
            if (turn.is_set() && !stop_awaited_) wake_next_waiter();
            co_return;
        }
    }
    stop_awaited_ = true;
    if (other == nullptr)
        (void)co_await Signal::Wait(stop_signal(), until);
    else
        (void)co_await wait_on(stop_signal(), *other, until);
    stop_awaited_ = false;
    if (!stop_signal().is_set()) co_return wake_next_waiter();
    for (Signal* waiter : stop_waiters_) waiter->set();
}

Async<bool> TaskContextImpl::wait_for_stop(std::optional<SteadyTime> until) {
    detail::StopScope* const scope = co_await detail::current_scope();
    Signal* const sibling = scope != nullptr ? scope->sibling_signal() : nullptr;
    co_await await_stop(sibling, until);
    co_return co_await stopped(sibling);
}

// Does not await wait_for_stop: that frame, too, would stay for as long as the handler waits.
Async<void> TaskContextImpl::wait_until_stopped() {
    detail::StopScope* const scope = co_await detail::current_scope();
    Signal* const sibling = scope != nullptr ? scope->sibling_signal() : nullptr;
    co_await await_stop(sibling, std::nullopt);
    (void)co_await stopped(sibling);
}

Async<bool> TaskContextImpl::stopped(Signal* sibling) {
    mark_handler(id());
    if (stop_signal().is_set()) {
        co_await learn_deadline();
        co_return true;
    }
    if (sibling != nullptr && sibling->is_set()) throw Cancelled();
    co_return false;
}

// A separate coroutine, so that while a handler waits, perhaps for hours, no frame holds space for
// a snapshot.
Async<void> TaskContextImpl::learn_deadline() {
    if (lost() || deadline()) co_return;
    // The signal says only that there is a cancel; Storage has its deadline.
    const auto now = co_await node_.storage->load(id(), OwnerScope::everything(), 0, false);
    mark_handler(id());
    if (now && now->cancel_by) note_cancel(*now->cancel_by);
}

std::optional<Timestamp> TaskContextImpl::deadline() const noexcept {
    const std::int64_t at = cancel_by_.load(std::memory_order_acquire);
    if (at == 0) return std::nullopt;
    return Timestamp(Duration(at));
}

std::string_view TaskContextImpl::user_text() const noexcept {
    const auto& all = parts();
    if (all.size() == 1 && all.front().text() != nullptr) return *all.front().text();
    if (!joined_text_) joined_text_ = std::make_unique<const std::string>(message().text());
    return *joined_text_;
}

const Principal& TaskContextImpl::owner_principal() const noexcept {
    if (!owner_principal_) {
        owner_principal_ = std::make_unique<const Principal>(
            Principal{std::string(principal_of(run_.snapshot.owner)), {}});
    }
    return *owner_principal_;
}

std::vector<FilePart> TaskContextImpl::files() const {
    std::vector<FilePart> files;
    for (const auto& part : parts()) {
        const auto* raw = std::get_if<RawContent>(&part.content);
        const auto* url = std::get_if<UrlContent>(&part.content);
        if (raw == nullptr && url == nullptr) continue;
        FilePart file;
        if (raw != nullptr) file.bytes = raw->bytes;
        if (url != nullptr) file.url = url->url;
        file.filename = part.filename;
        file.media_type = part.media_type;
        files.push_back(std::move(file));
    }
    return files;
}

std::vector<RawJson> TaskContextImpl::data_parts() const {
    std::vector<RawJson> data;
    for (const auto& part : parts()) {
        if (part.data() != nullptr) data.push_back(*part.data());
    }
    return data;
}

const RequestContext& TaskContextImpl::request_context() const noexcept {
    static const RequestContext kNone;
    return run_.input.context ? *run_.input.context : kNone;
}

const Dependencies& TaskContextImpl::dependencies() const noexcept {
    static const Dependencies kNone;
    return agent_.dependencies ? *agent_.dependencies : kNone;
}

bool TaskContextImpl::accepts(std::string_view media_type) const noexcept {
    const auto& accepted = run_.input.accepted_output_modes;
    return accepted.empty() ||
           std::any_of(accepted.begin(), accepted.end(), [&](const std::string& range) {
               return media_range_covers(range, media_type);
           });
}

spdlog::logger& TaskContextImpl::logger() noexcept {
    if (!logger_) logger_ = make_task_logger(log_fields());
    return *logger_;
}

std::string TaskContextImpl::log_fields() const {
    std::string fields = fmt::format("task={} turn={}", task_id_, turn_);
    if (!agent_.name.empty()) fields += " agent=" + agent_.name;
    const std::string& request = request_context().request_id;
    if (!request.empty()) fields += " request_id=" + request;
    return fields;
}

OwnerScope TaskContextImpl::owner() const { return {run_.snapshot.owner.owner, tenant(), false}; }

Async<RawJson> TaskContextImpl::load_context() {
    return awaited("load_context", detail::within(detail::never_stopped(), read_context()));
}

Async<RawJson> TaskContextImpl::read_context() {
    auto loaded = co_await node_.contexts->load_context(owner(), context_id());
    for (int tries = 1; tries < StorageEventEmitter::kTries && out_of_reach(loaded); ++tries) {
        co_await sleep_for(retry_delay(tries));
        loaded = co_await node_.contexts->load_context(owner(), context_id());
    }
    mark_handler(id());
    storage_failed_ = out_of_reach(loaded);
    co_return std::move(loaded).value_or_throw().value;
}

Async<void> TaskContextImpl::update_context(RawJson value) {
    return awaited("update_context",
                   detail::within(detail::never_stopped(), write_context(std::move(value))));
}

Async<void> TaskContextImpl::write_context(RawJson value) {
    require_json("the context", value);
    auto updated = co_await node_.contexts->update_context(owner(), context_id(), std::move(value),
                                                           std::nullopt);
    mark_handler(id());
    // Do not repeat the write: another task of the conversation may have written since.
    storage_failed_ = out_of_reach(updated);
    (void)std::move(updated).value_or_throw();
}

}  // namespace a2akit
