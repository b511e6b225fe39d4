#include "backends/postgres/claim_ahead.hpp"

#include "backends/postgres/pg_values.hpp"
#include "backends/postgres/postgres_node.hpp"

#include <utility>

namespace a2akit::postgres {

ClaimAhead::ClaimAhead(PostgresNode& node, bool makes_turn) : queue_(node.queue()) {
    if (makes_turn && node.enqueues()) claim_ = queue_.promise_claim();
}

ClaimAhead::~ClaimAhead() {
    if (claim_) queue_.let_go(*claim_, unknown_);
}

void ClaimAhead::add_to(PgParams& params) {
    unknown_ = true;
    if (claim_)
        params.add(claim_->id).add(claim_->node).add(std::int64_t{claim_->lease.count()});
    else
        params.null().null().null();
}

void ClaimAhead::deliver(TaskSnapshot made, TurnInput input, const Appended& appended,
                         std::uint64_t owner, Timestamp time) {
    const bool moved = appended.after != TaskState::kWorking;
    Run run;
    run.epoch = 1;
    run.attempt = 1;
    run.input = std::move(input);
    run.input.context.reset();
    run.appended = appended;
    run.appended.revision = appended.revision + 1;
    run.appended.first = appended.last + 1;
    run.appended.last = appended.last + (moved ? 1 : 0);
    run.appended.before = appended.after;
    run.appended.after = TaskState::kWorking;
    run.appended.turn_due = false;
    if (moved) made.status = {TaskState::kWorking, {}, time};
    made.revision = run.appended.revision;
    made.last_sequence = run.appended.last;
    made.epoch = run.epoch;
    made.live_run = true;
    run.snapshot = std::move(made);
    const RunOperation operation{appended.task, appended.turn, owner};
    claim_.reset();
    queue_.deliver(operation, std::move(run));
}

}  // namespace a2akit::postgres
