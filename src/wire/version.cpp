#include "wire/version.hpp"

#include "wire/error_render.hpp"
#include "wire/uri.hpp"

#include <algorithm>
#include <array>

namespace a2akit::wire {
namespace {

constexpr std::string_view kSupported = "1.0";

bool is_number(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Patch numbers must not be considered (specification 1.0, section 3.6).
bool is_supported(std::string_view version) noexcept {
    if (!version.starts_with(kSupported)) return false;
    const std::string_view rest = version.substr(kSupported.size());
    return rest.empty() || (rest[0] == '.' && is_number(rest.substr(1)));
}

Error not_supported(std::string message, std::string_view requested) {
    Error::Details details;
    details.metadata.emplace_back("requestedVersion", requested);
    details.metadata.emplace_back("supportedVersions", kSupported);
    return Error{ErrorCode::kVersionNotSupported, std::move(message), nullptr}.with(std::move(details));
}

}  // namespace

std::string requested_version(std::string_view header, std::string_view query) {
    header = trim(header);
    if (!header.empty()) return std::string(header);
    if (query.empty()) return {};
    return std::string(trim(query_value(query, "A2A-Version")));
}

Result<void> check_version(std::string_view version, bool shared_with_v03) {
    if (is_supported(version)) return {};
    if (!version.empty()) {
        const std::string quoted = printable(version.substr(0, 32));
        return fail(not_supported(
            "A2A-Version: protocol version " + quoted + " is not supported; this agent speaks 1.0", quoted));
    }
    if (!shared_with_v03) return {};
    return fail(not_supported("A2A-Version is missing, which means 0.3 here; this agent speaks 1.0: send \"A2A-Version: "
                              "1.0\"",
                              "0.3"));
}

bool is_v03_method(std::string_view method) noexcept {
    static constexpr std::array<std::string_view, 11> kMethods{
        "message/send",
        "message/stream",
        "tasks/get",
        "tasks/list",
        "tasks/cancel",
        "tasks/resubscribe",
        "tasks/pushNotificationConfig/set",
        "tasks/pushNotificationConfig/get",
        "tasks/pushNotificationConfig/list",
        "tasks/pushNotificationConfig/delete",
        "agent/getAuthenticatedExtendedCard",
    };
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace a2akit::wire
