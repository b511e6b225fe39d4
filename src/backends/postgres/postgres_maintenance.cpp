#include "backends/common/stored_form.hpp"
#include "backends/postgres/postgres_storage.hpp"
#include "backends/postgres/snapshot_reader.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::postgres {

AsyncResult<std::vector<Due>> PostgresStorage::due(int limit) {
    PgParams params = node_->params();
    params.add(std::int32_t{limit});
    const auto rows = co_await node_->run(node_->sql().due, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<Due> found;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        constexpr Due::Kind kKinds[] = {Due::Kind::kTurn, Due::Kind::kExpiredRun,
                                        Due::Kind::kCancel};
        Due& due = found.emplace_back();
        due.kind = kKinds[row.i32()];
        due.task = TaskId{row.uuid()};
        due.turn = static_cast<Turn>(row.i32());
        due.epoch = static_cast<Epoch>(row.i64());
        due.attempts = row.i32();
    }
    co_return found;
}

AsyncResult<std::vector<TaskId>> PostgresStorage::erase(EraseQuery query) {
    PgParams params;
    if (query.state)
        params.add(static_cast<std::int32_t>(*query.state));
    else
        params.null();
    if (query.ended_before)
        params.add(from_time(*query.ended_before));
    else
        params.null();
    params.add(query.keep_at_most).add(std::int32_t{std::max(query.limit, 0)});
    const auto rows = co_await node_->run(node_->sql().erase, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<TaskId> erased;
    for (const Uuid& id : (*rows)[0].uuid_array()) erased.push_back(TaskId{id});
    co_return erased;
}

AsyncResult<int> PostgresStorage::compact(Timestamp ended_before, int limit) {
    PgParams params;
    params.add(from_time(ended_before)).add(std::int32_t{limit});
    const auto rows = co_await node_->run(node_->sql().compact, std::move(params));
    if (!rows) co_return fail(rows.error());
    co_return (*rows)[0].i32();
}

AsyncResult<std::vector<DeadLetter>> PostgresStorage::dead_letters(std::optional<TaskId> after,
                                                                   int limit) {
    PgParams params;
    if (after)
        params.add(*after);
    else
        params.null();
    params.add(std::int32_t{limit});
    const auto rows = co_await node_->run(node_->sql().dead_letters, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<DeadLetter> letters;
    for (int i = 0; i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        DeadLetter& letter = letters.emplace_back();
        letter.task = TaskId{row.uuid()};
        letter.turn = static_cast<Turn>(row.i32());
        letter.attempts = row.i32();
        letter.at = to_time(row.i64());
        letter.owner.owner = row.bytes();
        letter.owner.tenant = row.bytes();
        letter.context_id = row.bytes();
        letter.reason = row.bytes();
        if (row.is_null()) {
            row.skip();
        } else {
            auto input = backends::read_stored_input(row.bytes());
            if (input)
                letter.message = std::move(input->message);
            else
                node_->unreadable().note(letter.task, input.error().message);
        }
        if (const auto redriven = row.optional_uuid()) letter.redriven = TaskId{*redriven};
    }
    co_return letters;
}

AsyncResult<TaskId> PostgresStorage::mark_redriven(TaskId dead_letter, TaskId redriven) {
    PgParams params;
    params.add(dead_letter).add(redriven);
    const auto rows = co_await node_->run(node_->sql().mark_redriven, std::move(params));
    if (!rows) co_return fail(rows.error());
    if (rows->size() != 0) co_return TaskId{(*rows)[0].uuid()};
    co_return Error::about_task(ErrorCode::kTaskNotFound, "there is no dead letter of this task",
                                dead_letter.to_string());
}

AsyncResult<std::vector<TaskId>> PostgresStorage::stale_paused(Timestamp before, int limit) {
    PgParams params;
    params.add(from_time(before)).add(std::int32_t{limit});
    const auto rows = co_await node_->run(node_->sql().stale_paused, std::move(params));
    if (!rows) co_return fail(rows.error());
    std::vector<TaskId> stale;
    for (int i = 0; i < rows->size(); ++i) stale.push_back(TaskId{(*rows)[i].uuid()});
    co_return stale;
}

AsyncResult<StoredUse> PostgresStorage::stored_use(std::string owner, bool with_bytes) {
    PgParams params;
    params.bytes(owner).add(with_bytes);
    const auto rows = co_await node_->run(node_->sql().stored_use, std::move(params));
    if (!rows) co_return fail(rows.error());
    PgRow row = (*rows)[0];
    StoredUse use;
    use.tasks = row.i64();
    use.bytes = row.i64();
    co_return use;
}

}  // namespace a2akit::postgres
