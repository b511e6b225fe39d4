#include "request/kept_principal.hpp"

#include <a2akit/core/ids.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit {
namespace {

std::string name_of(const void* middleware) {
    static const std::string unguessable = NodeId::generate().to_string();
    return unguessable + std::to_string(reinterpret_cast<std::uintptr_t>(middleware));
}

// A name may hold any bytes, so each text stands behind its length.
void write(std::string& out, std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
}

std::string_view read(std::string_view& in) {
    std::size_t length = 0;
    const char* const end = in.data() + in.size();
    const char* const colon = std::from_chars(in.data(), end, length).ptr;
    in.remove_prefix(static_cast<std::size_t>(colon - in.data()) + 1);
    const std::string_view text = in.substr(0, length);
    in.remove_prefix(text.size());
    return text;
}

}  // namespace

void keep_principal(RequestContext& context, const void* middleware, const KeptPrincipal& kept) {
    std::string text;
    write(text, std::to_string(kept.way));
    write(text, kept.principal.name);
    for (const std::string& scope : kept.principal.scopes) write(text, scope);
    context.values.insert_or_assign(name_of(middleware), std::move(text));
}

std::optional<KeptPrincipal> take_principal(RequestContext& context, const void* middleware) {
    if (context.values.empty()) return std::nullopt;
    const auto found = context.values.find(name_of(middleware));
    if (found == context.values.end()) return std::nullopt;
    KeptPrincipal kept;
    std::string_view rest = found->second;
    const std::string_view way = read(rest);
    std::from_chars(way.data(), way.data() + way.size(), kept.way);
    kept.principal.name = read(rest);
    while (!rest.empty()) kept.principal.scopes.emplace_back(read(rest));
    context.values.erase(found);
    return kept;
}

AsyncResult<void> keep_verified(RequestContext& context, const void* middleware,
                                AsyncResult<Principal> verified) {
    Result<Principal> principal = co_await std::move(verified);
    if (!principal) co_return std::move(principal.error());
    keep_principal(context, middleware, {.principal = std::move(*principal)});
    co_return Result<void>{};
}

bool use_kept(RequestEnvelope& envelope, const void* middleware) {
    auto kept = take_principal(envelope.context, middleware);
    if (!kept) return false;
    envelope.principal = std::move(kept->principal);
    return true;
}

AsyncResult<void> use_verified(RequestEnvelope& envelope, AsyncResult<Principal> verified) {
    Result<Principal> principal = co_await std::move(verified);
    if (!principal) co_return std::move(principal.error());
    envelope.principal = std::move(*principal);
    co_return Result<void>{};
}

}  // namespace a2akit
