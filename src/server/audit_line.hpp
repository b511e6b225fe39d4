#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit {

/// What the chain of an audit log needs of one of its lines.
struct AuditLine {
    std::uint64_t sequence = 0;
    std::string previous;
    std::string event;  ///< Empty: it is about a call.
    std::uint64_t torn = 0;
    std::uint64_t lost = 0;
};

/// "prev" of the first line.
[[nodiscard]] std::string first_audit_hash();
/// As it stands in "prev": SHA-256, 64 hexadecimal digits. `line` is without its end.
[[nodiscard]] std::string audit_hash(std::string_view line);
/// nullopt: it is not a whole line of an audit log.
[[nodiscard]] std::optional<AuditLine> read_audit_line(std::string_view line);

}  // namespace a2akit
