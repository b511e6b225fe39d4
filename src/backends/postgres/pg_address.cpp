#include "backends/postgres/pg_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::size_t kLongestSchema = 48;
constexpr int kMostConnections = 100;

// It stands unquoted in statements and in the channel's name.
bool is_schema_name(std::string_view name) {
    if (name.empty() || name.size() > kLongestSchema) return false;
    if (name.front() >= '0' && name.front() <= '9') return false;
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos &&
           !name.starts_with("pg_");
}

std::optional<Error> take_parameter(PgAddress& address, std::string_view key, std::string_view value) {
    if (key == "schema") {
        if (!is_schema_name(value)) {
            return Error{ErrorCode::kInvalidParams,
                         "schema: use a name of a to z, 0 to 9 and _, at most 48 characters, that begins with no digit "
                         "and not with pg_",
                         nullptr};
        }
        address.schema = value;
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), address.connections);
    if (error != std::errc{} || end != value.data() + value.size() || address.connections < 1 ||
        address.connections > kMostConnections) {
        return Error{ErrorCode::kInvalidParams, "connections: use a whole number from 1 to 100", nullptr};
    }
    return std::nullopt;
}

}  // namespace

Result<PgAddress> PgAddress::parse(std::string_view url) {
    PgAddress address;
    const std::size_t query = url.find('?');
    address.url = url.substr(0, query);
    if (query == std::string_view::npos) return address;
    char separator = '?';
    for (std::string_view rest = url.substr(query + 1); !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        const std::string_view key = one.substr(0, one.find('='));
        const std::string_view value = key.size() == one.size() ? std::string_view() : one.substr(key.size() + 1);
        if (key == "schema" || key == "connections") {
            if (auto error = take_parameter(address, key, value)) return fail(std::move(*error));
            continue;
        }
        if (key == "options") address.has_options = true;
        address.url += std::exchange(separator, '&');
        address.url += one;
    }
    return address;
}

}  // namespace a2akit::postgres
