#pragma once

#include "cli/settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Plain HTTP for what is not a call of the protocol: agent cards and catalogues.

namespace a2akit::cli {

class Console;

struct HttpCall {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    bool follows_redirects = false;  ///< At most five, and never from https to plain http.
};

struct HttpReply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
    std::string body;
    std::string url;  ///< After redirects.

    /// The value of the first header of this name; empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Any status is a reply. Throws Failure: A2ACLI_ERR_UNREACHABLE when there is no reply within 30
/// seconds, or when it is longer than 4 MiB. TLS is set up as the options say.
[[nodiscard]] HttpReply http_call(const HttpCall& call, const Options& options, Console& console);

/// "https://host:8443/path" -> "https://host:8443"; empty when it is not an absolute http(s) URL.
[[nodiscard]] std::string origin_of(std::string_view url);

}  // namespace a2akit::cli
