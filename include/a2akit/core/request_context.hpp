#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// What belongs to one request and must not be persisted: headers, secrets, what middlewares found out. It reaches
/// the handler as `ctx.request_context()`; Storage never sees it in clear, a log never sees its values.
struct RequestContext {
    std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case, in the order received.
    std::map<std::string, std::string, std::less<>> values;    ///< Set by middlewares; secrets go here.
    std::string remote_address;                                ///< Empty in process.
    std::string request_id;                                    ///< X-Request-Id, or made up here.

    /// The first header of that name (in lower case); empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
    /// The value a middleware stored; empty when there is none.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept;
};

}  // namespace a2akit
