#include "security/http_fetch.hpp"

#include "core/libcurl.hpp"

#include <openssl/crypto.h>

#include <string_view>
#include <utility>

namespace a2akit::security {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
constexpr std::size_t kMostIdle = 4;
constexpr long kTimeoutSeconds = 10;

std::size_t take_bytes(char* data, std::size_t size, std::size_t count, void* into) {
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + size * count > kMostBytes) return 0;
    body.append(data, size * count);
    return size * count;
}

std::string form_encoded(CURL* curl, const std::string& text) {
    if (text.empty()) return {};
    char* const escaped = curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
    if (escaped == nullptr) return {};
    std::string result(escaped);
    curl_free(escaped);
    return result;
}

}  // namespace

struct HttpFetch::Handle {
    CURL* curl = libcurl.load() ? curl_easy_init() : nullptr;
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (curl != nullptr) curl_easy_cleanup(curl);
    }
};

/// A handle for one request, which goes back to the others with its connection.
struct HttpFetch::Borrowed {
    explicit Borrowed(HttpFetch& f) : fetch(f) {
        const std::lock_guard lock(fetch.mutex_);
        if (fetch.idle_.empty()) {
            handle = std::make_unique<Handle>();
            return;
        }
        handle = std::move(fetch.idle_.back());
        fetch.idle_.pop_back();
        curl_easy_reset(handle->curl);
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() {
        if (handle->curl == nullptr) return;
        // The options name the credentials and the body, which end now.
        curl_easy_reset(handle->curl);
        const std::lock_guard lock(fetch.mutex_);
        if (fetch.idle_.size() < kMostIdle) fetch.idle_.push_back(std::move(handle));
    }
    HttpFetch& fetch;
    std::unique_ptr<Handle> handle;
};

HttpFetch::HttpFetch(bool allow_http) : allow_http_(allow_http) {}
HttpFetch::~HttpFetch() = default;

Result<std::string> HttpFetch::perform(void* curl, const std::string& url) {
    std::string body;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, allow_http_ ? "https,file,http" : "https,file");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return fail(ErrorCode::kUnavailable, curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(static_cast<CURL*>(curl), CURLINFO_RESPONSE_CODE, &status);
    if (status != 0 && status != 200)
        return fail(ErrorCode::kUnavailable, "the answer has status " + std::to_string(status));
    return body;
}

Result<std::string> HttpFetch::get(const std::string& url) {
    const Borrowed borrowed(*this);
    if (borrowed.handle->curl == nullptr)
        return fail(ErrorCode::kUnavailable, "libcurl does not start");
    return perform(borrowed.handle->curl, url);
}

Result<std::string> HttpFetch::post(const std::string& url, const Form& form) {
    const Borrowed borrowed(*this);
    CURL* const curl = borrowed.handle->curl;
    if (curl == nullptr) return fail(ErrorCode::kUnavailable, "libcurl does not start");
    std::string body;
    for (const auto& [name, value] : form.fields) {
        body.append(body.empty() ? "" : "&").append(name).append("=");
        body.append(form_encoded(curl, value));
    }
    std::string name = form_encoded(curl, form.client_id);
    std::string secret = form_encoded(curl, form.client_secret);
    if (!name.empty()) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        curl_easy_setopt(curl, CURLOPT_USERNAME, name.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, secret.c_str());
    }
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
        curl_slist_append(nullptr, "Accept: application/json"), curl_slist_free_all);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    Result<std::string> answer = perform(curl, url);
    OPENSSL_cleanse(body.data(), body.size());
    OPENSSL_cleanse(secret.data(), secret.size());
    return answer;
}

}  // namespace a2akit::security
