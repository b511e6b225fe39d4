#pragma once

#include "cli/settings.hpp"
#include "client/http_client.hpp"

#include <a2akit/client/client_options.hpp>

// HTTP for what is not a call of the protocol: agent cards, catalogues, files, raw requests. The
// work is the client library's.

namespace a2akit::cli {

class Console;

/// How the options say that agents are reached; without credentials. --debug is an interceptor.
[[nodiscard]] ClientOptions client_options(const Options& options, Console& console);

/// What is at the URL, after at most five redirects, whatever its status is; asked for as agent
/// cards are. Throws Failure: A2ACLI_ERR_UNREACHABLE when there is no answer within 30 seconds,
/// A2ACLI_ERR_CARD_INVALID when it is longer than 4 MiB.
[[nodiscard]] client::HttpAnswer fetch_document(const std::string& url, const Options& options,
                                                Console& console);

/// Any status is an answer. Throws Failure: A2ACLI_ERR_UNREACHABLE when there is no answer within
/// 30 seconds, or when it is longer than 4 MiB.
[[nodiscard]] client::HttpAnswer http_call(client::HttpRequest request, const Options& options,
                                           Console& console);

}  // namespace a2akit::cli
