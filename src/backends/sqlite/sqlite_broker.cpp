#include "backends/sqlite/sqlite_broker.hpp"

#include "backends/common/hub_receiver.hpp"
#include "backends/sqlite/sqlite_storage.hpp"

#include <utility>

namespace a2akit::sqlite {
namespace {

/// Further turns wait for the sweeps.
constexpr int kEnqueuedAtStart = 10'000;

}  // namespace

SqliteBroker::SqliteBroker(std::shared_ptr<SqliteStorage> storage) : storage_(std::move(storage)) {}
SqliteBroker::~SqliteBroker() = default;

AsyncResult<void> SqliteBroker::start() {
    storage_->hub().start();
    const auto turns = co_await storage_->due_turns(kEnqueuedAtStart);
    if (!turns) co_return fail(Error(turns.error()));
    for (const RunOperation& turn : *turns) storage_->hub().enqueue(turn, std::nullopt);
    co_return Result<void>();
}

AsyncResult<void> SqliteBroker::stop(SteadyTime) {
    storage_->hub().stop();
    // Claimed for receivers that are closed: other receivers may take them, and the attempt does
    // not count.
    for (const auto& run : storage_->hub().take_unwanted()) {
        const auto released = co_await storage_->release(run->snapshot.id, run->epoch,
                                                         Release::kHandBack, Timestamp{});
        if (!released) co_return fail(Error(released.error()));
        if (*released)
            storage_->hub().enqueue({run->snapshot.id, **released, owner_key(run->snapshot.owner)},
                                    std::nullopt);
    }
    co_return Result<void>();
}

AsyncResult<void> SqliteBroker::check() { return storage_->check(); }

AsyncResult<void> SqliteBroker::enqueue(RunOperation operation,
                                        std::optional<Timestamp> not_before) {
    storage_->hub().enqueue(operation, not_before);
    return Result<void>();
}

std::unique_ptr<Broker::Receiver> SqliteBroker::receiver(NodeId node, Lease lease, int slots) {
    return local::hub_receiver(storage_->hub(), {node, lease, slots, true});
}

}  // namespace a2akit::sqlite
