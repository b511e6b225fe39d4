#include "client/transfer.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

namespace a2akit::client {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64U << 10U;
/// A stream whose reader is this far behind stops reading from its socket.
constexpr std::size_t kMaxBytesAhead = 512U << 10U;

/// libcurl waits for whole milliseconds in a long.
long milliseconds(Duration span) {
    return static_cast<long>(std::clamp<long long>(span.count(), 0, LONG_MAX));
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return lower;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

std::string_view HttpHead::header(std::string_view lower_case_name) const noexcept {
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) return value;
    }
    return {};
}

Transfer::Transfer(Kind kind, HttpRequest request, const TransferSettings& settings)
    : kind_(kind), request_(std::move(request)), easy_(curl_easy_init()) {
    if (easy_ == nullptr) throw std::bad_alloc();
    set_up(settings);
    set_request();
}

Transfer::~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(header_list_);
}

void Transfer::set_up(const TransferSettings& settings) {
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_USERAGENT, "a2akit");
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(settings.connect_timeout));
    set(CURLOPT_ERRORBUFFER, reason_.data());
    const auto on_body = [](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->take_body({data, size});
    };
    const auto on_header = [](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->take_header({data, size}) ? size : std::size_t{0};
    };
    set(CURLOPT_WRITEFUNCTION, +on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, +on_header);
    set(CURLOPT_HEADERDATA, this);
    if (!settings.ca_file.empty()) set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_SSL_VERIFYPEER, settings.verify_tls ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, settings.verify_tls ? 2L : 0L);
    if (request_.without_certificate) return;
    if (!settings.client_certificate_file.empty())
        set(CURLOPT_SSLCERT, settings.client_certificate_file.c_str());
    if (!settings.client_key_file.empty()) set(CURLOPT_SSLKEY, settings.client_key_file.c_str());
}

void Transfer::set_request() {
    for (const auto& [name, value] : request_.headers) {
        // libcurl takes "Name:" for a header to leave out, and "Name;" for one without a value.
        const std::string line = value.empty() ? name + ";" : name + ": " + value;
        header_list_ = curl_slist_append(header_list_, line.c_str());
    }
    // libcurl asks large posts' servers for permission first, and waits a second for it.
    header_list_ = curl_slist_append(header_list_, "Expect:");
    set(CURLOPT_HTTPHEADER, header_list_);
    set(CURLOPT_URL, request_.url.c_str());
    if (request_.http2) {
        const bool tls = request_.url.starts_with("https:");
        set(CURLOPT_HTTP_VERSION,
            static_cast<long>(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    }
    if (request_.max_redirects > 0) {
        const bool tls = request_.url.starts_with("https:");
        set(CURLOPT_FOLLOWLOCATION, 1L);
        set(CURLOPT_MAXREDIRS, static_cast<long>(request_.max_redirects));
        set(CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
    }
    if (kind_ == Kind::kWhole) set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
    if (request_.method == "POST") {
        set_body();
    } else {
        set(CURLOPT_HTTPGET, 1L);
        if (request_.method != "GET") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
}

void Transfer::set_body() {
    set(CURLOPT_POST, 1L);
    if (request_.files.empty()) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.data());
        return;
    }
    body_.emplace(request_.body, request_.files);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_->size()));
    const auto on_read = [](char* to, std::size_t, std::size_t capacity, void* self) {
        return static_cast<Transfer*>(self)->give_body(to, capacity);
    };
    // For a request that has to be made again because its kept connection was closed.
    const auto on_seek = [](void* self, curl_off_t offset, int origin) {
        if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
        static_cast<Transfer*>(self)->body_->rewind();
        return CURL_SEEKFUNC_OK;
    };
    set(CURLOPT_READFUNCTION, +on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, +on_seek);
    set(CURLOPT_SEEKDATA, this);
}

std::size_t Transfer::give_body(char* to, std::size_t capacity) {
    auto count = body_->read(to, capacity);
    if (count) return *count;
    body_failure_ = std::move(count.error());
    return CURL_READFUNC_ABORT;
}

std::size_t Transfer::take_body(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    head_done_ = true;
    if (kind_ == Kind::kWhole) {
        if (bytes_.size() + bytes.size() > request_.max_bytes) {
            too_long_ = "answer is longer than " + std::to_string(request_.max_bytes) + " bytes";
            return 0;
        }
        bytes_ += bytes;
        return bytes.size();
    }
    if (bytes_.size() > kMaxBytesAhead) {
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    bytes_ += bytes;
    received_ += bytes.size();
    changed_.set();
    return bytes.size();
}

bool Transfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaderBytes) {
        too_long_ = "headers are longer than " + std::to_string(kMaxHeaderBytes) + " bytes";
        return false;
    }
    Headers& headers = head_done_ ? trailers_ : head_.headers;
    if (!head_done_ && line.starts_with("HTTP/")) {
        head_.headers.clear();
        is_http2_ = line.starts_with("HTTP/2");
        return true;
    }
    const std::string_view content = trimmed(line);
    if (!content.empty()) {
        const std::size_t colon = content.find(':');
        if (colon == std::string_view::npos) return true;
        headers.emplace_back(lower_case(trimmed(content.substr(0, colon))),
                             trimmed(content.substr(colon + 1)));
        return true;
    }
    if (head_done_) return true;
    // An empty line ends a head; those of 1xx answers and redirects are followed by another.
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return true;
    const bool redirects = status >= 300 && status < 400 && !head_.header("location").empty();
    if (redirects && request_.max_redirects > 0) return true;
    const std::lock_guard lock(mutex_);
    head_.status = static_cast<int>(status);
    head_done_ = true;
    if (kind_ == Kind::kStream) changed_.set();
    return true;
}

void Transfer::finish(CURLcode outcome) {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    outcome_ = outcome;
    changed_.set();
}

void Transfer::unpause() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (!paused_ || finished_) return;
        paused_ = false;
    }
    curl_easy_pause(easy_, CURLPAUSE_CONT);
}

Transfer::Arrived Transfer::take() {
    const std::lock_guard lock(mutex_);
    changed_.reset();
    return {std::exchange(bytes_, {}), head_done_, finished_, paused_};
}

std::string Transfer::url() const {
    const char* url = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_EFFECTIVE_URL, &url);
    return url != nullptr ? url : request_.url;
}

std::optional<HttpFailure> Transfer::failure() const {
    if (outcome_ == CURLE_OK && head_done_) return std::nullopt;
    if (outcome_ == CURLE_OK) {
        return HttpFailure{{ErrorCode::kUnavailable,
                            "no answer from " + request_.url +
                                ": the connection was closed within the headers of the answer",
                            nullptr},
                           true};
    }
    if (body_failure_) return HttpFailure{*body_failure_, true};
    if (!too_long_.empty()) {
        return HttpFailure{{ErrorCode::kInvalidAgentResponse, "the agent's " + too_long_, nullptr},
                           true};
    }
    long sent = 0;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
    const char* reason = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(outcome_);
    return HttpFailure{
        {ErrorCode::kUnavailable, "no answer from " + request_.url + ": " + reason, nullptr},
        sent > 0};
}

}  // namespace a2akit::client
