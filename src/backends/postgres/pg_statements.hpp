#pragma once

#include "backends/postgres/pg_request.hpp"

#include <string_view>
#include <vector>

namespace a2akit::postgres {

/// Every statement of this backend, for one schema.
class PgStatements {
    std::size_t next_ = 0;  // first, since making the statements counts them

public:
    explicit PgStatements(std::string_view schema);

    // Storage
    PgStatement create, create_once, append, append_once, load, load_head, claim, claim_head, renew,
        release, list, snapshots, events, tails, now, alive, ready;
    // Maintenance and contexts
    PgStatement due, erase, compact, dead_letters, mark_redriven, stale_paused, stored_use,
        load_context, update_context;
    // Push notifications
    PgStatement put_push, list_pushes, remove_push, due_pushes, settle_push, dead_pushes,
        redrive_push;
    // Broker
    PgStatement enqueue, enqueue_in, receive, receive_heads, hold, ack, nack, give_back;
    // Cancels, nodes, notifications
    PgStatement cancel, forget_cancel, cancels, beat, leave, notify, listen;

private:
    PgStatement make(std::string_view schema, std::string name, std::string_view sql,
                     bool alone = false);
};

/// `text` with the schema's name in place of {schema}.
[[nodiscard]] std::string in_schema(std::string_view text, std::string_view schema);

}  // namespace a2akit::postgres
