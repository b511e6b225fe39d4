#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/protocol/raw_json.hpp>
#include <a2akit/storage/snapshot.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace a2akit {

/// What is stored of one conversation.
struct ContextValue {
    RawJson value;
    std::uint64_t version = 0;  ///< Grows with every update; 0: never written.
};

/// One JSON value per contextId and owner: what an agent remembers between the tasks of a
/// conversation. Erased with the last task of the conversation.
///
/// Safe from any thread; every call is atomic. kUnavailable when the engine does not answer: then
/// an update may or may not have been applied. Implementations pass
/// a2akit/testing/context_store_contract.hpp.
class ContextStore {
public:
    virtual ~ContextStore() = default;

    /// Version 0 and an empty value when nothing was stored.
    virtual AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) = 0;

    /// Replaces the value; an empty one removes it. With `expected`, only when that is still the
    /// version, else kRevisionConflict. Returns the new version.
    virtual AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                                      RawJson value,
                                                      std::optional<std::uint64_t> expected) = 0;
};

}  // namespace a2akit
