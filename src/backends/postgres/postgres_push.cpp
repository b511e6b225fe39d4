#include "backends/common/push_rules.hpp"
#include "backends/postgres/postgres_storage.hpp"
#include "backends/postgres/snapshot_reader.hpp"
#include "json/codec.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::postgres {
namespace {

enum PutCode : std::int32_t { kStored = 0, kNoTask = 1, kTooMany = 2 };

Error no_task(const TaskId& task) {
    return Error::about_task(ErrorCode::kTaskNotFound, "there is no such task", task.to_string());
}

void add_visibility(PgParams& params, const OwnerScope& scope) {
    params.add(scope.system).bytes(scope.owner).bytes(scope.tenant);
}

/// Key, task, configuration and version.
Result<PushConfig> read_config(PgRow& row) {
    PushConfig config;
    config.key = row.uuid();
    config.task = TaskId{row.uuid()};
    auto read = json::decode<TaskPushNotificationConfig>(row.bytes());
    if (!read)
        return fail(ErrorCode::kInternal, "a push notification configuration cannot be read");
    config.config = std::move(*read);
    config.version = static_cast<ProtocolVersion>(row.i32());
    return config;
}

}  // namespace

AsyncResult<PushConfig> PostgresStorage::put_config(OwnerScope scope, NewPushConfig config) {
    PgParams params = node_->params();
    params.add(config.task);
    add_visibility(params, scope);
    params.add(Uuid::generate())
        .bytes(config.config.id)
        .bytes(json::encode(config.config))
        .add(static_cast<std::int32_t>(config.version))
        .add(config.after)
        .add(config.task_first)
        .add(std::int32_t{config.at_most});
    const auto rows = co_await node_->run(node_->sql().put_push, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    const std::int32_t code = row.i32();
    if (code == kNoTask) co_return no_task(config.task);
    if (code == kTooMany) co_return backends::too_many_configs(config);
    PushConfig stored;
    stored.key = row.uuid();
    stored.task = config.task;
    stored.config = std::move(config.config);
    stored.version = config.version;
    co_return stored;
}

AsyncResult<std::vector<PushConfig>> PostgresStorage::list_configs(OwnerScope scope, TaskId task) {
    PgParams params;
    params.add(task);
    add_visibility(params, scope);
    const auto rows = co_await node_->run(node_->sql().list_pushes, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (rows->size() == 0) co_return no_task(task);
    std::vector<PushConfig> all;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        if (row.is_null()) continue;  // the task alone
        auto config = read_config(row);
        if (!config) co_return fail(std::move(config.error()));
        all.push_back(std::move(*config));
    }
    co_return all;
}

AsyncResult<std::optional<PushConfig>> PostgresStorage::find_config(OwnerScope scope, TaskId task,
                                                                    std::string id) {
    auto all = co_await list_configs(std::move(scope), task);
    if (!all) co_return fail(std::move(all.error()));
    for (PushConfig& each : *all) {
        if (each.config.id == id) co_return std::optional(std::move(each));
    }
    co_return std::optional<PushConfig>();
}

AsyncResult<void> PostgresStorage::remove_config(OwnerScope scope, TaskId task, std::string id) {
    PgParams params;
    params.add(task);
    add_visibility(params, scope);
    params.bytes(id);
    const auto rows = co_await node_->run(node_->sql().remove_push, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (!(*rows)[0].boolean()) co_return no_task(task);
    co_return Result<void>();
}

AsyncResult<std::vector<PushDelivery>> PostgresStorage::due_deliveries(PushQuery query) {
    PgParams params = node_->params();
    params.add(std::int32_t{std::max(query.limit, 0)})
        .add(std::int32_t{std::max(query.retries, 0)});
    params.add(query.task).add(static_cast<std::int64_t>(query.lease.count()));
    const auto rows = co_await node_->run(node_->sql().due_pushes, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<PushDelivery> due;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        auto config = read_config(row);
        if (!config) co_return fail(std::move(config.error()));
        PushDelivery& delivery = due.emplace_back();
        delivery.config = std::move(*config);
        delivery.context_id = row.bytes();
        delivery.cursor = static_cast<Sequence>(row.i64());
        delivery.task_first = row.boolean();
        delivery.attempts = row.i32();
        delivery.lease = static_cast<std::uint64_t>(row.i64());
    }
    co_return due;
}

AsyncResult<void> PostgresStorage::settle(Uuid key, std::uint64_t lease, PushOutcome outcome) {
    PgParams params = node_->params();
    params.add(key)
        .add(lease)
        .add(static_cast<std::int32_t>(outcome.next))
        .add(outcome.cursor)
        .add(static_cast<std::int64_t>(outcome.lease.count()))
        .add(static_cast<std::int64_t>(outcome.delay.count()))
        .bytes(outcome.reason);
    const auto rows = co_await node_->run(node_->sql().settle_push, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (!(*rows)[0].boolean()) co_return backends::lost_push_lease();
    co_return Result<void>();
}

AsyncResult<std::vector<PushDeadLetter>> PostgresStorage::dead_deliveries(std::optional<Uuid> after,
                                                                          int limit) {
    PgParams params;
    params.add(after).add(std::int32_t{limit});
    const auto rows = co_await node_->run(node_->sql().dead_pushes, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<PushDeadLetter> letters;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        PushDeadLetter& letter = letters.emplace_back();
        letter.key = row.uuid();
        letter.task = TaskId{row.uuid()};
        letter.owner.owner = row.bytes();
        letter.owner.tenant = row.bytes();
        letter.config_id = row.bytes();
        letter.cursor = static_cast<Sequence>(row.i64());
        letter.attempts = row.i32();
        letter.reason = row.bytes();
        letter.at = to_time(row.i64());
    }
    co_return letters;
}

AsyncResult<void> PostgresStorage::redrive_delivery(Uuid key) {
    PgParams params = node_->params();
    params.add(key);
    const auto rows = co_await node_->run(node_->sql().redrive_push, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (rows->size() == 0) co_return backends::no_dead_delivery();
    co_return Result<void>();
}

}  // namespace a2akit::postgres
