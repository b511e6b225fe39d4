#include "wire/version.hpp"

#include "wire/error_render.hpp"
#include "wire/uri.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::wire {
namespace {

bool is_number(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Patch numbers must not be considered (specification 1.0, section 3.6).
bool names(std::string_view text, std::string_view version) noexcept {
    if (!text.starts_with(version)) return false;
    const std::string_view rest = text.substr(version.size());
    return rest.empty() || (rest[0] == '.' && is_number(rest.substr(1)));
}

bool is_served(Version version, const Versions& served) noexcept {
    return version == Version::k1_0 ? served.v1_0 : served.v0_3;
}

std::string_view list(const Versions& served) noexcept {
    if (!served.v0_3) return "1.0";
    return served.v1_0 ? "1.0, 0.3" : "0.3";
}

Error not_supported(std::string message, std::string_view requested, const Versions& served) {
    Error::Details details;
    details.metadata.emplace_back("requestedVersion", requested);
    details.metadata.emplace_back("supportedVersions", list(served));
    return Error{ErrorCode::kVersionNotSupported, std::move(message), nullptr}.with(
        std::move(details));
}

Error is_missing(Version meant, const Versions& served) {
    std::string message = "A2A-Version is missing";
    if (is_served(meant, served)) {
        message += ", and this agent demands it: send \"A2A-Version: 1.0\"";
        return not_supported(std::move(message), "", served);
    }
    const std::string_view version = meant == Version::k0_3 ? "0.3" : "1.0";
    message.append(", which means ")
        .append(version)
        .append(" here; this agent speaks ")
        .append(list(served));
    if (served.v1_0) message += ": send \"A2A-Version: 1.0\"";
    return not_supported(std::move(message), version, served);
}

}  // namespace

std::string requested_version(std::string_view header, std::string_view query) {
    header = trim(header);
    if (!header.empty()) return std::string(header);
    if (query.empty()) return {};
    return std::string(trim(query_value(query, "A2A-Version")));
}

std::optional<Version> known_version(std::string_view text) noexcept {
    if (names(text, "1.0")) return Version::k1_0;
    if (names(text, "0.3")) return Version::k0_3;
    return std::nullopt;
}

Result<Version> choose_version(std::string_view requested, bool in_v0_3, const Versions& served) {
    if (requested.empty()) {
        const Version meant = in_v0_3 ? Version::k0_3 : Version::k1_0;
        const bool demanded = meant == Version::k1_0 && served.strict;
        if (demanded || !is_served(meant, served)) return fail(is_missing(meant, served));
        return meant;
    }
    const auto known = known_version(requested);
    if (known && is_served(*known, served)) return *known;
    const std::string quoted = printable(requested.substr(0, 32));
    return fail(not_supported("A2A-Version: protocol version " + quoted +
                                  " is not supported; this agent speaks " +
                                  std::string(list(served)),
                              quoted, served));
}

Version version_for_errors(std::string_view requested, const Versions& served) noexcept {
    const bool means_v0_3 = requested.empty() || known_version(requested) == Version::k0_3;
    return served.v0_3 && means_v0_3 ? Version::k0_3 : Version::k1_0;
}

}  // namespace a2akit::wire
