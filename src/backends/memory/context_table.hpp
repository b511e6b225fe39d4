#pragma once

#include "backends/common/keyed_hash.hpp"

#include <a2akit/storage/context_store.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace a2akit::backends {

/// The values of ContextStore, in parts with a lock each.
class ContextTable {
public:
    [[nodiscard]] ContextValue load(const OwnerScope& scope, const std::string& context_id);
    [[nodiscard]] Result<std::uint64_t> update(const OwnerScope& scope,
                                               const std::string& context_id, RawJson value,
                                               std::optional<std::uint64_t> expected);
    [[nodiscard]] bool holds(const OwnerScope& scope, const std::string& context_id);
    void forget(const OwnerScope& scope, const std::string& context_id);

private:
    static constexpr std::size_t kParts = 64;
    struct Part {
        std::mutex mutex;
        std::unordered_map<std::string, ContextValue, KeyedHash> values;
    };
    Part& part_of(const std::string& name) { return parts_[keyed_hash(name) % kParts]; }

    std::array<Part, kParts> parts_;
    std::atomic<std::uint64_t> versions_{
        0};  ///< For all: a value that is removed and made again never repeats one.
};

}  // namespace a2akit::backends
