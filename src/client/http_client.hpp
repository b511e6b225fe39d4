#pragma once

#include "client/file_body.hpp"

#include <a2akit/client/client_options.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/core/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::client {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method;  ///< "GET", "POST" or "DELETE".
    std::string url;
    Headers headers;
    std::string body;
    std::vector<BodyFile> files = {};          ///< That belong into the body; POST only.
    Duration timeout = Duration::zero();       ///< For all of it, `perform` only. Zero: none.
    Duration idle_timeout = Duration::zero();  ///< Without a byte, `open` only. Zero: none.
    std::size_t max_bytes = 64U << 20U;        ///< Of the answer's body, `perform` only.
    /// How many redirects are followed, `perform` only; never from https to plain http. The headers
    /// and the certificate go with them, so this is for requests without credentials.
    int max_redirects = 0;
    /// The client's certificate is not shown: this is not an origin that it was given for.
    bool without_certificate = false;
    /// HTTP/2 from the first byte on, over plain http as well.
    bool http2 = false;
};

struct HttpHead {
    int status = 0;
    Headers headers;  ///< Names in lower case.

    /// The first header of that name; empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
    [[nodiscard]] std::string_view content_type() const noexcept { return header("content-type"); }
};

/// The end of a request without an answer.
struct HttpFailure {
    Error error;
    /// False: nothing of the request was sent, so it can be made again whatever it does.
    bool sent = true;
};

struct HttpAnswer {
    HttpHead head;
    std::string body;
    Headers trailers = {};  ///< Names in lower case.
    std::string url = {};   ///< Where it came from, after redirects.
};

template <class T>
using HttpResult = tl::expected<T, HttpFailure>;

/// An answer that is read while it arrives. Used by one coroutine at a time; destroying it ends the
/// request.
class HttpStream {
public:
    virtual ~HttpStream() = default;
    /// Waits for the status line and the headers.
    virtual Async<HttpResult<HttpHead>> head() = 0;
    /// Waits for the head, but not longer than `span`; true when it has arrived or never will.
    virtual Async<bool> begins_within(Duration span) {
        (void)span;
        return Async<bool>(true);
    }
    /// Waits for more bytes; nullopt at the end. kUnavailable when the connection broke or nothing
    /// came for idle_timeout. REQUIRES: `head` succeeded.
    virtual AsyncResult<std::optional<std::string>> read() = 0;
    /// What followed the last byte; names in lower case. REQUIRES: `read` returned nullopt.
    [[nodiscard]] virtual Headers trailers() const { return {}; }
};

/// HTTP as the client needs it, so that its tests can stand in for the network. Safe from any loop.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    /// Any status is an answer.
    virtual Async<HttpResult<HttpAnswer>> perform(HttpRequest request) = 0;
    virtual std::unique_ptr<HttpStream> open(HttpRequest request) = 0;
};

/// Scheme, host and port of a URL as libcurl reads it, such as "https://agents.example:443"; empty
/// when the URL can't be read.
[[nodiscard]] std::string origin_of(const std::string& url);

[[nodiscard]] std::shared_ptr<HttpClient> make_curl_client(const ClientOptions& options);

}  // namespace a2akit::client
