#pragma once

#include <a2akit/core/result.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace a2akit::security {

/// Small requests to an issuer of tokens, by libcurl: https, file, and http if it is allowed.
/// Follows no redirect, reads at most 1 MiB, gives up after ten seconds. Blocks; safe from any
/// thread, and keeps connections open for the next request.
class HttpFetch {
public:
    explicit HttpFetch(bool allow_http);
    ~HttpFetch();
    HttpFetch(const HttpFetch&) = delete;
    HttpFetch& operator=(const HttpFetch&) = delete;

    /// The body of a response with status 200. kUnavailable saying why there is none.
    Result<std::string> get(const std::string& url);

    /// A form, and the credentials of the client, which RFC 6749, section 2.3.1, has encoded.
    struct Form {
        std::vector<std::pair<std::string, std::string>> fields;
        std::string client_id;  ///< Empty: no credentials are sent.
        std::string client_secret;
    };
    Result<std::string> post(const std::string& url, const Form& form);

private:
    struct Handle;
    struct Borrowed;
    Result<std::string> perform(void* curl, const std::string& url);

    const bool allow_http_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace a2akit::security
