#include "backends/postgres/postgres_node.hpp"

#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/pg_migrations.hpp"

#include <utility>

namespace a2akit::postgres {

PostgresNode::PostgresNode(PgAddress address, std::shared_ptr<const Clock> clock)
    : address_(std::move(address)),
      clock_(std::move(clock)),
      sql_(address_.schema),
      pool_(loops_[0], address_, lookups_, sql_.alive, false),
      notifier_(*this, address_),
      queue_(*this) {}

PostgresNode::~PostgresNode() = default;

PgParams PostgresNode::params() const {
    PgParams params;
    if (clock_)
        params.add(static_cast<std::int64_t>(clock_->now().time_since_epoch().count()));
    else
        params.null();
    return params;
}

AsyncResult<void> PostgresNode::open() {
    auto key = migrate(address_);
    if (!key) co_return fail(std::move(key.error()));
    cursors_.emplace(*key);
    co_return co_await pool_.start();
}

AsyncResult<void> PostgresNode::begin(unsigned role, bool first) {
    if (first) {
        Result<void> opened = co_await open();
        if (!opened) {
            co_await pool_.stop();
            co_return opened;
        }
    }
    if (role != kStorage && !notifying_) {
        co_await notifier_.start();
        notifying_ = true;
    }
    if (role == kBroker) queue_.start();
    co_return Result<void>();
}

Async<void> PostgresNode::end(unsigned role, bool last) {
    if (role == kBroker) co_await queue_.stop();
    if (!last) co_return;
    if (std::exchange(notifying_, false)) co_await notifier_.stop();
    co_await pool_.stop();
}

AsyncResult<void> PostgresNode::check() {
    const auto answered = co_await run(sql_.ready, PgParams());
    if (answered) co_return Result<void>();
    if (answered.error().code != ErrorCode::kInternal) co_return fail(answered.error());
    co_return fail(
        unavailable("the schema of the PostgreSQL URL is gone or not as it was made, or its user "
                    "lacks rights; the "
                    "log has PostgreSQL's words"));
}

}  // namespace a2akit::postgres
