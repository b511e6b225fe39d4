#include "backends/memory/context_table.hpp"

#include <utility>

namespace a2akit::backends {
// With lengths in front, so that no two scopes share a name.
std::string ContextTable::name_of(const OwnerScope& scope, const std::string& context_id) {
    std::string name = std::to_string(scope.owner.size());
    name += ':';
    name += scope.owner;
    name += std::to_string(scope.tenant.size());
    name += ':';
    name += scope.tenant;
    name += context_id;
    return name;
}

ContextValue ContextTable::load(const OwnerScope& scope, const std::string& context_id) {
    const std::string name = name_of(scope, context_id);
    Part& part = part_of(context_id);
    const std::lock_guard lock(part.mutex);
    const auto found = part.values.find(name);
    return found == part.values.end() ? ContextValue{} : found->second;
}

Result<std::uint64_t> ContextTable::update(const OwnerScope& scope, const std::string& context_id,
                                           RawJson value, std::optional<std::uint64_t> expected) {
    const std::string name = name_of(scope, context_id);
    Part& part = part_of(context_id);
    const std::lock_guard lock(part.mutex);
    const auto found = part.values.find(name);
    const std::uint64_t version = found == part.values.end() ? 0 : found->second.version;
    if (expected && *expected != version) {
        return fail(ErrorCode::kRevisionConflict,
                    "the context has version " + std::to_string(version) + ", not " +
                        std::to_string(*expected) + "; load it again");
    }
    const std::uint64_t next = versions_.fetch_add(1) + 1;
    if (!value.empty())
        part.values[name] = {std::move(value), next};
    else if (found != part.values.end())
        part.values.erase(found);
    return next;
}

}  // namespace a2akit::backends
