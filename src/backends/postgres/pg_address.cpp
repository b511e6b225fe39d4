#include "backends/postgres/pg_address.hpp"

#include "backends/postgres/libpq.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
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
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
               std::string_view::npos &&
           !name.starts_with("pg_");
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const std::string_view one = list.substr(0, list.find(','));
        parts.emplace_back(one);
        list.remove_prefix(std::min(one.size() + 1, list.size()));
    }
    return parts;
}

/// False: libpq cannot read it.
bool read_servers(PgAddress& address) {
    char* error = nullptr;  // it repeats the URL
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> read(
        PQconninfoParse(address.url.c_str(), &error), PQconninfoFree);
    PQfreemem(error);
    if (!read) return false;
    for (const PQconninfoOption* option = read.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::string_view("host") == option->keyword) address.hosts = split(option->val);
        if (std::string_view("port") == option->keyword) address.ports = split(option->val);
    }
    for (const PQconninfoOption* option = read.get(); option->keyword != nullptr; ++option) {
        // Addresses beside the names: their order is the user's.
        if (std::string_view("hostaddr") == option->keyword && option->val != nullptr)
            address.hosts.clear();
    }
    return true;
}

std::optional<Error> take_parameter(PgAddress& address, std::string_view key,
                                    std::string_view value) {
    if (key == "schema") {
        if (!is_schema_name(value)) {
            return Error{ErrorCode::kInvalidParams,
                         "schema: use a name of a to z, 0 to 9 and _, at most 48 characters, that "
                         "begins with no digit "
                         "and not with pg_",
                         nullptr};
        }
        address.schema = value;
        return std::nullopt;
    }
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), address.connections);
    if (error != std::errc{} || end != value.data() + value.size() || address.connections < 1 ||
        address.connections > kMostConnections) {
        return Error{ErrorCode::kInvalidParams, "connections: use a whole number from 1 to 100",
                     nullptr};
    }
    return std::nullopt;
}

}  // namespace

std::string PgAddress::list(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (&part != &parts.front()) text += ',';
        text += part;
    }
    return text;
}

PgAddress::Servers PgAddress::servers(std::size_t attempt) const {
    Servers servers;
    if (hosts.empty()) return servers;
    servers.first = (first_server->load() + attempt) % hosts.size();
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const std::size_t at = (servers.first + i) % hosts.size();
        servers.hosts.push_back(hosts[at]);
        servers.ports.push_back(ports.empty()                  ? ""
                                : ports.size() == hosts.size() ? ports[at]
                                                               : ports.front());
    }
    return servers;
}

Result<PgAddress> PgAddress::parse(std::string_view url) {
    PgAddress address;
    const std::size_t query = std::min(url.find('?'), url.size());
    address.url = url.substr(0, query);
    char separator = '?';
    for (std::string_view rest = url.substr(std::min(query + 1, url.size())); !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        const std::string_view key = one.substr(0, one.find('='));
        const std::string_view value =
            key.size() == one.size() ? std::string_view() : one.substr(key.size() + 1);
        if (key == "schema" || key == "connections") {
            if (auto error = take_parameter(address, key, value)) return fail(std::move(*error));
            continue;
        }
        if (key == "options") address.has_options = true;
        address.url += std::exchange(separator, '&');
        address.url += one;
    }
    if (auto loaded = libpq.load(); !loaded) return fail(std::move(loaded.error()));
    if (!read_servers(address)) {
        return fail(ErrorCode::kInvalidParams,
                    "the URL cannot be read; write postgresql://user:password@host:port/database, "
                    "with % and two hex digits "
                    "for characters that are special there, and only parameters that libpq knows");
    }
    return address;
}

}  // namespace a2akit::postgres
