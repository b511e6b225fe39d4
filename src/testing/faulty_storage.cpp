#include "testing/fault_source.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace a2akit::testing {
namespace {

// Without a retry_after, which would say that the store is full.
Error unavailable() { return Error{ErrorCode::kUnavailable, "an injected fault", nullptr}; }

template <class T>
using Call = std::function<AsyncResult<T>()>;

template <class T>
AsyncResult<T> tampered(Call<T> call, bool answer_lost, Duration before, Duration after) {
    if (before > Duration::zero()) co_await sleep_for(before);
    auto running = call();
    Result<T> answer = co_await std::move(running);
    if (after > Duration::zero()) co_await sleep_for(after);
    if (answer_lost) co_return Result<T>(unavailable());
    co_return answer;
}

// Makes the call, or fails it before or after, or lets it take a while.
template <class T>
AsyncResult<T> guarded(FaultSource& faults, Call<T> call) {
    if (faults.strikes(Fault::kStorageThrown)) throw std::runtime_error("an injected exception");
    if (faults.strikes(Fault::kStorageBefore)) return Result<T>(unavailable());
    const bool lost = faults.strikes(Fault::kStorageAfter);
    const bool late = Loop::current() != nullptr && faults.strikes(Fault::kStorageDelayed);
    if (!lost && !late) return call();
    const Duration delay = late ? faults.delay() : Duration::zero();
    const bool first = faults.coin();
    return tampered<T>(std::move(call), lost, first ? delay : Duration::zero(),
                       first ? Duration::zero() : delay);
}

class FaultyStorage final : public Storage {
public:
    FaultyStorage(std::shared_ptr<Storage> inner, std::shared_ptr<FaultSource> faults)
        : inner_(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<void> start() override { return inner_->start(); }
    AsyncResult<void> stop(SteadyTime deadline) override { return inner_->stop(deadline); }
    [[nodiscard]] StorageCapabilities capabilities() const noexcept override {
        return inner_->capabilities();
    }
    AsyncResult<void> check() override { return inner_->check(); }

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return guarded<Created>(*faults_,
                                [=, this] { return inner_->create(task, scope, update); });
    }
    AsyncResult<TaskSnapshot> load(TaskId task, OwnerScope scope,
                                   std::optional<std::int32_t> history_length,
                                   bool include_artifacts) override {
        return guarded<TaskSnapshot>(*faults_, [=, this] {
            return inner_->load(task, scope, history_length, include_artifacts);
        });
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        return guarded<Appended>(*faults_,
                                 [=, this] { return inner_->append(task, scope, update); });
    }
    AsyncResult<Claimed> claim(WriteId id, TaskId task, Turn turn, NodeId node,
                               Lease lease) override {
        return guarded<Claimed>(*faults_,
                                [=, this] { return inner_->claim(id, task, turn, node, lease); });
    }
    AsyncResult<std::vector<Renewal>> renew(NodeId node, Lease lease) override {
        return guarded<std::vector<Renewal>>(*faults_,
                                             [=, this] { return inner_->renew(node, lease); });
    }
    AsyncResult<std::optional<Turn>> release(TaskId task, Epoch epoch, Release how,
                                             Timestamp not_before) override {
        return guarded<std::optional<Turn>>(
            *faults_, [=, this] { return inner_->release(task, epoch, how, not_before); });
    }
    AsyncResult<ListPage> list(OwnerScope scope, ListQuery query) override {
        return guarded<ListPage>(*faults_, [=, this] { return inner_->list(scope, query); });
    }
    AsyncResult<EventPage> events(TaskId task, OwnerScope scope, Sequence after,
                                  EventLimit limit) override {
        return guarded<EventPage>(*faults_,
                                  [=, this] { return inner_->events(task, scope, after, limit); });
    }
    AsyncResult<std::vector<Tail>> tails(std::vector<TaskId> tasks) override {
        return guarded<std::vector<Tail>>(*faults_, [=, this] { return inner_->tails(tasks); });
    }
    AsyncResult<Timestamp> now() override {
        return guarded<Timestamp>(*faults_, [this] { return inner_->now(); });
    }

private:
    std::shared_ptr<Storage> inner_;
    std::shared_ptr<FaultSource> faults_;
};

class FaultyContextStore final : public ContextStore {
public:
    FaultyContextStore(std::shared_ptr<ContextStore> inner, std::shared_ptr<FaultSource> faults)
        : inner_(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override {
        return guarded<ContextValue>(*faults_,
                                     [=, this] { return inner_->load_context(scope, context_id); });
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override {
        return guarded<std::uint64_t>(*faults_, [=, this] {
            return inner_->update_context(scope, context_id, value, expected);
        });
    }

private:
    std::shared_ptr<ContextStore> inner_;
    std::shared_ptr<FaultSource> faults_;
};

class FaultyMaintenance final : public Maintenance {
public:
    FaultyMaintenance(std::shared_ptr<Maintenance> inner, std::shared_ptr<FaultSource> faults)
        : inner_(std::move(inner)), faults_(std::move(faults)) {}

    AsyncResult<std::vector<Due>> due(int limit) override {
        return guarded<std::vector<Due>>(*faults_, [=, this] { return inner_->due(limit); });
    }
    AsyncResult<std::vector<TaskId>> erase(EraseQuery query) override {
        return guarded<std::vector<TaskId>>(*faults_, [=, this] { return inner_->erase(query); });
    }
    AsyncResult<int> compact(Timestamp ended_before, int limit) override {
        return guarded<int>(*faults_, [=, this] { return inner_->compact(ended_before, limit); });
    }
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after,
                                                      int limit) override {
        return guarded<std::vector<DeadLetter>>(
            *faults_, [=, this] { return inner_->dead_letters(after, limit); });
    }
    AsyncResult<TaskId> mark_redriven(TaskId dead_letter, TaskId redriven) override {
        return guarded<TaskId>(*faults_,
                               [=, this] { return inner_->mark_redriven(dead_letter, redriven); });
    }
    AsyncResult<std::vector<TaskId>> stale_paused(Timestamp before, int limit) override {
        return guarded<std::vector<TaskId>>(
            *faults_, [=, this] { return inner_->stale_paused(before, limit); });
    }
    AsyncResult<StoredUse> stored_use(std::string owner, bool with_bytes) override {
        return guarded<StoredUse>(*faults_,
                                  [=, this] { return inner_->stored_use(owner, with_bytes); });
    }

private:
    std::shared_ptr<Maintenance> inner_;
    std::shared_ptr<FaultSource> faults_;
};

}  // namespace

std::shared_ptr<Storage> make_faulty(std::shared_ptr<Storage> inner,
                                     std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyStorage>(std::move(inner), std::move(faults));
}
std::shared_ptr<ContextStore> make_faulty(std::shared_ptr<ContextStore> inner,
                                          std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyContextStore>(std::move(inner), std::move(faults));
}
std::shared_ptr<Maintenance> make_faulty(std::shared_ptr<Maintenance> inner,
                                         std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyMaintenance>(std::move(inner), std::move(faults));
}

}  // namespace a2akit::testing
