#pragma once

#include "backends/common/list_cursor.hpp"
#include "backends/postgres/pg_address.hpp"
#include "backends/postgres/pg_session.hpp"

namespace a2akit::postgres {

/// Makes the schema, or brings it up to this version, under an advisory lock: of several nodes that
/// start, one does it. Blocks; for start only. Returns the key that signs the cursors of all nodes.
///
/// Refuses, changing nothing: a server before 15, a read-only replica, a schema of another
/// application, and one that a newer a2akit has made.
[[nodiscard]] Result<backends::CursorCodec::Key> migrate(const PgAddress& address);

/// Connects `session` for a tool, which changes no schema. Refuses what `migrate` refuses, and a
/// schema of an older version, or none.
[[nodiscard]] Result<void> open_current(PgSession& session);

}  // namespace a2akit::postgres
