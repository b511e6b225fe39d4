#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/server/settings.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace a2akit {

/// Makes ports from URLs: one factory per scheme. Filled where the server is put together; nothing
/// registers itself.
class BackendRegistry {
public:
    /// Every port that the backend at `url` can serve; those it cannot are null.
    using Factory = std::function<Result<Ports>(const std::string& url, const Settings& settings)>;

    /// `scheme` without its colon. Replaces a former one.
    void add(std::string scheme, Factory factory);

    /// Fills the ports that are null in `given` from the settings' URLs. Ports with the same URL
    /// share one backend. kInvalidParams naming the variable when a scheme is unknown (with the
    /// list of the known ones) or its backend has no such port. Errors show only the scheme of a
    /// URL, since it may hold credentials. REQUIRES: settings are resolved.
    [[nodiscard]] Result<Ports> open(Ports given, const Settings& settings) const;

    /// With all backends that this build knows.
    [[nodiscard]] static BackendRegistry standard();

private:
    [[nodiscard]] Result<Ports> open_one(std::string_view variable, const std::string& url,
                                         const Settings& settings) const;
    std::map<std::string, Factory, std::less<>> factories_;
};

/// A URL as it may be shown: its scheme, and its host and path without credentials and parameters.
[[nodiscard]] std::string shown_url(std::string_view url);

}  // namespace a2akit
