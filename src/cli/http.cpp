#include "cli/http.hpp"

#include "cli/console.hpp"
#include "cli/failure.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <new>

namespace a2akit::cli {
namespace {

constexpr std::size_t kMaxReplyBytes = 4U << 20U;
constexpr long kTimeoutMs = 30'000;
constexpr long kConnectTimeoutMs = 10'000;

struct Collector {
    HttpReply reply;
    bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& collector = *static_cast<Collector*>(self);
    if (collector.reply.body.size() + size > kMaxReplyBytes) {
        collector.too_long = true;
        return 0;
    }
    collector.reply.body.append(data, size);
    return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& headers = static_cast<Collector*>(self)->reply.headers;
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) headers.clear();  // that of a redirect came before
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || headers.size() >= 200) return size;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0)
        value.remove_prefix(1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0)
        value.remove_suffix(1);
    headers.emplace_back(std::move(name), std::string(value));
    return size;
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void set_tls(CURL* curl, const Options& options) {
    if (options.insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.client_certificate.empty()) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, options.client_certificate.c_str());
        curl_easy_setopt(curl, CURLOPT_SSLKEY, options.client_key.c_str());
    }
}

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

HttpReply http_call(const HttpCall& call, const Options& options, Console& console) {
    console.debug_request(call.method, call.url, call.headers, call.body);
    const Easy curl(curl_easy_init(), &curl_easy_cleanup);
    if (curl == nullptr) throw std::bad_alloc();
    Collector collector;
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_slist* list = nullptr;
    for (const auto& [name, value] : call.headers)
        list = curl_slist_append(list, (name + ": " + value).c_str());
    const HeaderList headers(curl_slist_append(list, "Expect:"), &curl_slist_free_all);
    CURL* const handle = curl.get();
    curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "a2akit/" A2AKIT_VERSION);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTimeoutMs);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &collector);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &collector);
    if (call.follows_redirects) {
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
        curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                         call.url.starts_with("https:") ? "https" : "http,https");
    }
    if (call.method == "POST") {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(call.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
    } else if (call.method != "GET") {
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    }
    set_tls(handle, options);

    const CURLcode outcome = curl_easy_perform(handle);
    if (outcome != CURLE_OK) {
        const std::string why =
            collector.too_long ? "the reply is longer than 4 MiB"
                               : (reason[0] != '\0' ? reason.data() : curl_easy_strerror(outcome));
        throw Failure(LocalError::kUnreachable, "no reply from " + call.url + ": " + why,
                      "Check the address, and that the agent is running");
    }
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    collector.reply.status = static_cast<int>(status);
    const char* url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
    collector.reply.url = url != nullptr ? url : call.url;
    console.debug_response(collector.reply.status, collector.reply.headers, collector.reply.body);
    return std::move(collector.reply);
}

std::string origin_of(std::string_view url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
    if (parsed == nullptr) throw std::bad_alloc();
    if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(url).c_str(), 0) != CURLUE_OK)
        return {};
    std::string origin;
    for (const auto& [part, before] :
         {std::pair(CURLUPART_SCHEME, ""), std::pair(CURLUPART_HOST, "://"),
          std::pair(CURLUPART_PORT, ":")}) {
        char* text = nullptr;
        if (curl_url_get(parsed.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
        origin.append(before).append(text);
        curl_free(text);
    }
    return origin;
}

}  // namespace a2akit::cli
