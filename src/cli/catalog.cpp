#include "cli/catalog.hpp"

#include "cli/failure.hpp"
#include "json/cursor.hpp"

#include <utility>
#include <vector>

namespace a2akit::cli {
namespace {

constexpr std::string_view kCardType = "application/a2a-agent-card+json";

struct Entry {
    std::string identifier;
    std::string display_name;
    std::string type;
    CatalogEntry target;
};

bool read_text(json::Cursor& cursor, std::string& out) {
    return cursor.kind() == json::Kind::kString ? cursor.string(out) : cursor.skip();
}

bool read_entry(json::Cursor& cursor, Entry& entry) {
    if (cursor.kind() != json::Kind::kObject) return cursor.skip();
    return cursor.object([&](std::string_view key) {
        if (key == "identifier") return read_text(cursor, entry.identifier);
        if (key == "displayName") return read_text(cursor, entry.display_name);
        if (key == "type") return read_text(cursor, entry.type);
        if (key == "url") return read_text(cursor, entry.target.url);
        if (key == "data") {
            std::string_view data;
            const bool read = cursor.raw(data);
            entry.target.card = data;
            return read;
        }
        return cursor.skip();
    });
}

std::vector<Entry> read_agents(std::string_view json) {
    std::vector<Entry> entries;
    json::Cursor cursor(json, json::Mode::kLenient);
    (void)cursor.object([&](std::string_view key) {
        if (key != "entries" || cursor.kind() != json::Kind::kArray) return cursor.skip();
        return cursor.array([&] { return read_entry(cursor, entries.emplace_back()); });
    });
    std::erase_if(entries, [](const Entry& entry) { return entry.type != kCardType; });
    return entries;
}

bool is_named(const Entry& entry, std::string_view name) {
    const std::string_view identifier = entry.identifier;
    if (name.empty()) return false;
    return identifier == name || entry.display_name == name ||
           identifier.substr(identifier.rfind(':') + 1) == name;
}

}  // namespace

bool is_catalog(std::string_view json) {
    bool found = false;
    json::Cursor cursor(json, json::Mode::kLenient);
    if (cursor.kind() != json::Kind::kObject) return false;
    (void)cursor.object([&](std::string_view key) {
        found = found || (key == "entries" && cursor.kind() == json::Kind::kArray);
        return cursor.skip();
    });
    return found;
}

CatalogEntry find_agent(std::string_view json, std::string_view name, const std::string& location) {
    std::vector<Entry> entries = read_agents(json);
    std::string offered;
    for (Entry& entry : entries) {
        if (is_named(entry, name) || (name.empty() && entries.size() == 1)) {
            const bool has_url =
                entry.target.url.starts_with("https://") || entry.target.url.starts_with("http://");
            if (!has_url && entry.target.card.empty()) {
                throw Failure(LocalError::kCardInvalid, "the entry " + entry.identifier +
                                                            " of the catalogue " + location +
                                                            " has neither an http(s) url nor data");
            }
            return std::move(entry.target);
        }
        offered += (offered.empty() ? "" : ", ") + entry.identifier;
    }
    const std::string which =
        name.empty() ? "names several agents" : "has no agent named \"" + std::string(name) + '"';
    throw Failure(LocalError::kCardNotFound,
                  "the catalogue " + location + " " + (entries.empty() ? "has no agent" : which),
                  entries.empty() ? "" : "Add # and one of these to --agent-card: " + offered);
}

}  // namespace a2akit::cli
