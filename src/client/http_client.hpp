#pragma once

#include <a2akit/client/client.hpp>
#include <a2akit/core/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::client {

struct HttpRequest {
    std::string method;  ///< "GET" or "POST".
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    Duration timeout = Duration::zero();       ///< For all of it, `perform` only. Zero: none.
    Duration idle_timeout = Duration::zero();  ///< Without a byte, `open` only. Zero: none.
};

struct HttpAnswer {
    int status = 0;
    std::string content_type;
    std::string body;
};

/// An answer that is read while it arrives.
class HttpStream {
public:
    virtual ~HttpStream() = default;
    /// Waits for the status line and the headers.
    virtual Result<void> await_head() = 0;
    /// REQUIRES: await_head succeeded.
    [[nodiscard]] virtual int status() const = 0;
    [[nodiscard]] virtual std::string content_type() const = 0;
    /// Waits for more bytes; nothing at the end. kUnavailable when the connection broke.
    virtual Result<std::optional<std::string>> read() = 0;
};

/// HTTP as the client needs it, so that its tests can stand in for the network. One thread at a
/// time.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    /// Any status is an answer. kUnavailable when there is none.
    virtual Result<HttpAnswer> perform(HttpRequest request) = 0;
    virtual std::unique_ptr<HttpStream> open(HttpRequest request) = 0;
};

/// Scheme, host and port of a URL as libcurl reads it, such as "https://agents.example:443"; empty
/// when it is none.
[[nodiscard]] std::string origin_of(const std::string& url);

[[nodiscard]] std::unique_ptr<HttpClient> make_curl_client(const ClientOptions& options);

}  // namespace a2akit::client
