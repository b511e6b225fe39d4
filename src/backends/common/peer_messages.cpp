#include "backends/common/peer_messages.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace a2akit::backends {
namespace {

constexpr std::size_t kMost = 100'000;  // of each kind
constexpr std::size_t kLongestEntry = 100;

std::uint64_t to_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view take_field(std::string_view& rest, char separator) {
    const std::string_view field = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    return field;
}

std::string entry_of(const Wake& wake) {
    return ";w" + wake.task.to_string() + ',' + std::to_string(wake.last) + ',' +
           std::to_string(wake.turn) + (wake.turn_ended ? ",1" : ",0");
}

}  // namespace

void PeerMessages::wake(const Wake& wake) {
    const std::lock_guard lock(mutex_);
    if (wakes_.size() >= kMost) return;
    Wake& kept = wakes_.try_emplace(wake.task, wake).first->second;
    kept.last = std::max(kept.last, wake.last);
    if (wake.turn > kept.turn || (wake.turn == kept.turn && wake.turn_ended)) {
        kept.turn = wake.turn;
        kept.turn_ended = wake.turn_ended;
    }
}

void PeerMessages::cancel(const TaskId& task) {
    const std::lock_guard lock(mutex_);
    if (cancels_.size() < kMost) cancels_.push_back(task);
}

void PeerMessages::offer_runs() {
    const std::lock_guard lock(mutex_);
    runs_ = true;
}

std::string PeerMessages::take(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::string payload = sender_;
    std::uint64_t entries = 0;
    const auto add = [&](const std::string& entry) {
        payload += entry;
        ++entries;
    };
    const auto has_room = [&] { return payload.size() + kLongestEntry < limit; };
    if (std::exchange(runs_, false)) add({';', runs_letter_});
    for (; !cancels_.empty() && has_room(); cancels_.pop_back())
        add(";c" + cancels_.back().to_string());
    for (; !wakes_.empty() && has_room(); wakes_.erase(wakes_.begin()))
        add(entry_of(wakes_.begin()->second));
    told_.fetch_add(entries);
    sending_ = entries != 0;
    full_ = !wakes_.empty() || !cancels_.empty();
    return sending_ ? payload : std::string();
}

bool PeerMessages::sent() {
    const std::lock_guard lock(mutex_);
    sending_ = false;
    return full_;
}

bool PeerMessages::sending() {
    const std::lock_guard lock(mutex_);
    return sending_ || runs_ || !wakes_.empty() || !cancels_.empty();
}

std::string PeerMessages::of_cancel(const TaskId& task) {
    told_.fetch_add(1);
    return sender_ + ";c" + task.to_string();
}

void PeerMessages::hear(std::string_view payload, const Handlers& handlers,
                        const std::function<void(char)>& other) {
    if (take_field(payload, ';') == sender_) return;
    while (!payload.empty()) {
        const std::string_view entry = take_field(payload, ';');
        if (entry.empty()) continue;
        const char kind = entry.front();
        if (other && kind != 'w' && kind != 'c' && kind != runs_letter_) {
            other(kind);
            continue;
        }
        hear_one(entry, handlers);
        heard_.fetch_add(1);
    }
}

void PeerMessages::hear_one(std::string_view entry, const Handlers& handlers) {
    const char kind = entry.front();
    entry.remove_prefix(1);
    if (kind == runs_letter_) {
        if (handlers.runs) handlers.runs();
        return;
    }
    const auto task = TaskId::parse(take_field(entry, ','));
    if (!task) return;
    if (kind == 'c' && handlers.cancel) handlers.cancel(*task);
    if (kind != 'w' || !handlers.wake) return;
    Wake wake;
    wake.task = *task;
    wake.last = to_number(take_field(entry, ','));
    wake.turn = static_cast<Turn>(to_number(take_field(entry, ',')));
    wake.turn_ended = take_field(entry, ',') == "1";
    handlers.wake(wake);
}

}  // namespace a2akit::backends
