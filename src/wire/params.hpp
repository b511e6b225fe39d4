#pragma once

#include "wire/endpoint.hpp"
#include "wire/uri.hpp"

/// The typed parameters of an operation, put together from path, query and body.
namespace a2akit::wire {

/// The name of an operation in JSON-RPC; nothing for another one.
[[nodiscard]] std::optional<Operation> operation_by_name(std::string_view name) noexcept;

/// Makes `params` the empty parameters of an operation.
void reset_params(Operation operation, OperationParams& params);

/// Fills in the ids that the path names, so that a body need not repeat them.
void fill_from_path(const Route& route, OperationParams& params);
/// Reads a query's parameters, in both spellings; others are ignored. Appends invalid ones to
/// `violations`.
void read_query(const QueryPairs& query, OperationParams& params,
                std::vector<FieldViolation>& violations);
/// Appends a violation where the parameters contradict the path.
void check_path(const Route& route, const OperationParams& params,
                std::vector<FieldViolation>& violations);
/// Appends values out of range, which descriptions cannot express.
void check_ranges(const OperationParams& params, Operation operation,
                  std::vector<FieldViolation>& violations);

/// The tenant of path and parameters, made the same in both. kInvalidParams when they differ, and
/// for a tenant that is too long or reserved.
[[nodiscard]] Result<std::string> unify_tenant(std::string_view from_path, OperationParams& params);

/// kInvalidParams with all of them; the message repeats them. REQUIRES: not empty.
[[nodiscard]] Error invalid_params(std::vector<FieldViolation> violations);

}  // namespace a2akit::wire
