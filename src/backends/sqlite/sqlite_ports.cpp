#include "backends/sqlite/sqlite_ports.hpp"

#include "backends/sqlite/sqlite_broker.hpp"
#include "backends/sqlite/sqlite_storage.hpp"

#include <string_view>
#include <utility>

namespace a2akit::sqlite {

Result<std::string> path_of(const std::string& url) {
    std::string_view path = url;
    path.remove_prefix(std::min(path.size(), std::string_view("sqlite:").size()));
    if (path.starts_with("//")) path.remove_prefix(2);
    if (path.empty() || path.find_first_of("?#") != std::string_view::npos || path.ends_with('/')) {
        return fail(ErrorCode::kInvalidParams,
                    "a URL of SQLite is sqlite: and the path of a file, such as "
                    "sqlite:data/a2akit.db or sqlite:///var/lib/agent/a2akit.db");
    }
    return std::string(path);
}

Result<Ports> sqlite_ports(SqliteOptions options) {
    auto path = path_of(options.url);
    if (!path) return fail(std::move(path.error()));
    DatabaseOptions database;
    database.path = std::move(*path);
    database.synchronous = options.synchronous;
    auto opened = SqliteStorage::open(std::move(database), std::move(options.clock));
    if (!opened) return fail(std::move(opened.error()));
    const std::shared_ptr<SqliteStorage> storage = std::move(*opened);
    Ports ports;
    ports.storage = storage;
    ports.context_store = storage;
    ports.maintenance = storage;
    ports.push_store = storage;
    ports.broker = std::make_shared<SqliteBroker>(storage);
    ports.event_bus = std::move(options.local_bus);
    ports.cancel_registry = std::move(options.local_cancels);
    return ports;
}

}  // namespace a2akit::sqlite
