#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace a2akit::cli {

struct CanonicalForm {
    /// A member of the outermost object to leave out; empty: none.
    std::string_view without = {};
    /// Members whose value is "", [] or {} are left out, as some SDKs do before they sign.
    bool drops_empty = false;
};

/// The canonical form of RFC 8785: members in the order of their UTF-16 code units, the shortest
/// numbers, no white space. Nothing when the text is not JSON.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view json, CanonicalForm form);

}  // namespace a2akit::cli
