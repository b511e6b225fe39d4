#pragma once

#include <a2akit/storage/storage.hpp>

#include <deque>
#include <vector>

namespace a2akit {

/// A Storage whose answers to `append` and `create` a test writes down beforehand; it notes what it
/// was asked.
class ScriptedStorage : public Storage {
public:
    std::deque<Result<Appended>> append_answers;
    std::deque<Result<Created>> create_answers;
    std::vector<WriteId> writes;
    std::vector<TaskUpdate> updates;

    AsyncResult<void> start() override { return Result<void>(); }
    AsyncResult<void> stop(SteadyTime) override { return Result<void>(); }
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override { return {}; }
    AsyncResult<void> check() override { return Result<void>(); }
    AsyncResult<Created> create(NewTask, OwnerScope, TaskUpdate update) override {
        return answer(create_answers, std::move(update));
    }
    AsyncResult<TaskSnapshot> load(TaskId, OwnerScope, std::optional<std::int32_t>, bool) override {
        return unscripted();
    }
    AsyncResult<Appended> append(TaskId, OwnerScope, TaskUpdate update) override {
        return answer(append_answers, std::move(update));
    }
    AsyncResult<Claimed> claim(WriteId, TaskId, Turn, NodeId, Lease) override {
        return unscripted();
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId, Lease) override { return unscripted(); }
    AsyncResult<std::optional<Turn>> release(TaskId, Epoch, Release, Timestamp) override {
        return unscripted();
    }
    AsyncResult<ListPage> list(OwnerScope, ListQuery) override { return unscripted(); }
    AsyncResult<EventPage> events(TaskId, OwnerScope, Sequence, EventLimit) override {
        return unscripted();
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId>) override { return unscripted(); }
    AsyncResult<Timestamp> now() override { return unscripted(); }

private:
    static Error unscripted() {
        return Error{ErrorCode::kInternal, "the test has no answer for this call", nullptr};
    }
    template <class T>
    Result<T> answer(std::deque<Result<T>>& answers, TaskUpdate update) {
        writes.push_back(update.id);
        updates.push_back(std::move(update));
        if (answers.empty()) return unscripted();
        Result<T> next = std::move(answers.front());
        answers.pop_front();
        return next;
    }
};

}  // namespace a2akit
