#pragma once

#include "backends/common/remote_call.hpp"
#include "backends/postgres/pg_values.hpp"

#include <string>
#include <utility>

namespace a2akit::postgres {

/// One statement of this backend, prepared by each connection when it first runs it.
struct PgStatement {
    std::size_t index = 0;  ///< Among all statements.
    std::string name;
    std::string sql;
    bool alone = false;  ///< Never in one transaction with others: it takes long, or takes locks of
                         ///< its own kind.
};

struct PgRequest : backends::RemoteCall<PgRequest, PgRows> {
    PgRequest(const PgStatement& s, PgParams p) noexcept
        : statement(s), params(std::move(p)), alone(s.alone) {}

    const PgStatement& statement;
    PgParams params;
    bool alone;  ///< As its statement is; or since its transaction failed, by its fault or
                 ///< another's.
    bool prepares = false;  ///< It was sent with the PREPARE of its statement.
    PgRows rows;            ///< Until the transaction is committed.
};
using PgRequestQueue = backends::CallQueue<PgRequest>;

}  // namespace a2akit::postgres
