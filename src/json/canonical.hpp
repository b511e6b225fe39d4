#pragma once

#include <a2akit/core/result.hpp>

#include <string>
#include <string_view>

namespace a2akit::json {

struct CanonicalOptions {
    /// A member of the outermost object that is left out; empty: none.
    std::string_view without = {};
    /// Leaves out null, empty strings, arrays and objects, and what is empty once they are gone.
    bool strip_empty = false;
};

/// The canonical form of a JSON text (RFC 8785): no white space, members in the order of their
/// names' UTF-16 code units, the shortest numbers. kInvalidParams for text that has none: malformed
/// or too deep, a member twice, an integer that a double cannot hold.
[[nodiscard]] Result<std::string> canonical(std::string_view text, CanonicalOptions options = {});

}  // namespace a2akit::json
