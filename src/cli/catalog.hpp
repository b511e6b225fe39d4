#pragma once

#include <string>
#include <string_view>

// AI Catalog 1.0, the document at /.well-known/ai-catalog.json.

namespace a2akit::cli {

struct CatalogEntry {
    std::string url;   ///< Of the card; empty: the card itself is in the entry.
    std::string card;  ///< Its JSON.
};

/// True for a JSON object with an array "entries".
[[nodiscard]] bool is_catalog(std::string_view json);

/// The agent whose identifier, last part of the identifier or display name is `name`; with an empty
/// name, the only agent. Throws Failure (A2ACLI_ERR_CARD_NOT_FOUND) that lists the agents there
/// are, or A2ACLI_ERR_CARD_INVALID for an entry that is not one.
[[nodiscard]] CatalogEntry find_agent(std::string_view json, std::string_view name,
                                      const std::string& location);

}  // namespace a2akit::cli
