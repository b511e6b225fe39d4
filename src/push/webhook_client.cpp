#include "push/webhook_client.hpp"

#include "core/libcurl.hpp"

#include <a2akit/core/loop.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstring>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>

namespace a2akit::push {
namespace {

constexpr std::size_t kMostHeadBytes = std::size_t{64} << 10U;
/// A small body is read to its end, so that the connection can be used again.
constexpr std::size_t kMostBodyBytes = std::size_t{16} << 10U;
constexpr Duration kLongestConnect = std::chrono::seconds(10);
constexpr std::chrono::hours kLongestRetryAfter{24};
constexpr long kMostIdleConnections = 64;

void initialise_curl_once() {
    static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kDone != CURLE_OK) throw std::bad_alloc();
}

long milliseconds(Duration span) {
    return static_cast<long>(std::clamp<long long>(span.count(), 1, LONG_MAX));
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
    if (text.size() < lower_case.size()) return false;
    return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char l, char t) {
        return l == (t >= 'A' && t <= 'Z' ? static_cast<char>(t + 32) : t);
    });
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3).
std::optional<Duration> read_retry_after(std::string_view value) {
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (!value.empty() && value.back() <= ' ') value.remove_suffix(1);
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size()) {
        const std::time_t at = curl_getdate(std::string(value).c_str(), nullptr);
        if (at == -1) return std::nullopt;
        seconds = at - std::time(nullptr);
    }
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(kLongestRetryAfter);
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most.count()));
}

/// One request, from `post` to its answer.
class Transfer {
public:
    Transfer(const TargetPolicy& policy, const WebhookClientOptions& options, curl_slist* resolve,
             WebhookRequest request)
        : policy_(policy), request_(std::move(request)), easy_(curl_easy_init()) {
        if (easy_ == nullptr) throw std::bad_alloc();
        // Not the environment's proxy: its address is not the webhook's.
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NOPROXY, "*");
        set(CURLOPT_PROTOCOLS_STR, policy.allow_http() ? "http,https" : "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);  // a name server that does not answer delays no other delivery
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_USERAGENT, "a2akit");
        set(CURLOPT_TIMEOUT_MS, milliseconds(options.timeout));
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(options.timeout, kLongestConnect)));
        set(CURLOPT_ERRORBUFFER, error_.data());
        set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
        set(CURLOPT_OPENSOCKETDATA, this);
        set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_PRIVATE, this);
        if (resolve != nullptr) set(CURLOPT_RESOLVE, resolve);
        if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
        for (const auto& [name, value] : request_.headers)
            headers_ = curl_slist_append(headers_, (name + ": " + value).c_str());
        headers_ = curl_slist_append(headers_, "Expect:");
        set(CURLOPT_HTTPHEADER, headers_);
        set(CURLOPT_URL, request_.url.c_str());
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.data());
    }
    ~Transfer() {
        curl_easy_cleanup(easy_);
        curl_slist_free_all(headers_);
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    [[nodiscard]] CURL* handle() const noexcept { return easy_; }
    [[nodiscard]] Signal& done() noexcept { return done_; }
    [[nodiscard]] WebhookAnswer& answer() noexcept { return answer_; }

    void finish(CURLcode code) {
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        // An answer whose body is too long to be read is an answer all the same.
        if (code == CURLE_OK || body_too_long_)
            answer_.status = static_cast<int>(status);
        else
            answer_.problem = problem(code);
        done_.set();
    }
    void abandon() {
        answer_.problem = "the server stopped before the webhook had answered";
        done_.set();
    }

private:
    template <class T>
    void set(CURLoption option, T value) {
        if (curl_easy_setopt(easy_, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    }

    [[nodiscard]] std::string problem(CURLcode code) const {
        if (refused_ && code == CURLE_COULDNT_CONNECT)
            return "the host's address is not on the public internet";
        if (head_too_long_)
            return "the head of the answer is longer than " + std::to_string(kMostHeadBytes) +
                   " bytes";
        // What libcurl before 8.6 says of a line that is longer than it takes.
        if (code == CURLE_OUT_OF_MEMORY) return "a line of the head of the answer is too long";
        return error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    }

    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
        auto& transfer = *static_cast<Transfer*>(self);
        if (!transfer.policy_.allows(address->addr)) {
            transfer.refused_ = true;
            return CURL_SOCKET_BAD;
        }
        return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }
    static std::size_t on_body(char*, std::size_t, std::size_t size, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        transfer.body_bytes_ += size;
        transfer.body_too_long_ = transfer.body_bytes_ > kMostBodyBytes;
        return transfer.body_too_long_ ? 0 : size;
    }
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        transfer.head_bytes_ += size;
        if (transfer.head_bytes_ > kMostHeadBytes) {
            transfer.head_too_long_ = true;
            return 0;
        }
        constexpr std::string_view kRetryAfter = "retry-after:";
        const std::string_view line(data, size);
        if (starts_with_ignoring_case(line, kRetryAfter))
            transfer.answer_.retry_after = read_retry_after(line.substr(kRetryAfter.size()));
        return size;
    }

    const TargetPolicy& policy_;
    WebhookRequest request_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    std::size_t head_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    bool refused_ = false;
    bool head_too_long_ = false;
    bool body_too_long_ = false;
    std::array<char, CURL_ERROR_SIZE> error_{};
    WebhookAnswer answer_;
    Signal done_;
};

}  // namespace

class WebhookClient::Impl {
public:
    Impl(const TargetPolicy& policy, WebhookClientOptions options)
        : policy_(policy), options_(std::move(options)) {
        initialise_curl_once();
        multi_ = curl_multi_init();
        if (multi_ == nullptr) throw std::bad_alloc();
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMostIdleConnections);
        for (const std::string& entry : options_.resolve)
            resolve_ = curl_slist_append(resolve_, entry.c_str());
        thread_ = std::thread([this] { run(); });
    }
    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        curl_multi_wakeup(multi_);
        thread_.join();
        curl_multi_cleanup(multi_);
        curl_slist_free_all(resolve_);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Async<WebhookAnswer> post(WebhookRequest request) {
        Transfer transfer(policy_, options_, resolve_, std::move(request));
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                transfer.abandon();
            } else {
                submitted_.push_back(&transfer);
            }
        }
        curl_multi_wakeup(multi_);
        co_await transfer.done().wait();
        co_return std::move(transfer.answer());
    }

private:
    static constexpr int kPollMs = 1000;  // libcurl's own timers shorten it

    void run() {
        while (take_submitted()) {
            int running = 0;
            curl_multi_perform(multi_, &running);
            note_finished();
            curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
        }
        for (const auto& [handle, transfer] : running_) {
            curl_multi_remove_handle(multi_, handle);
            transfer->abandon();
        }
    }

    /// False: the client is being destroyed.
    bool take_submitted() {
        std::vector<Transfer*> submitted;
        bool stopping = false;
        {
            const std::lock_guard lock(mutex_);
            submitted.swap(submitted_);
            stopping = stopping_;
        }
        for (Transfer* transfer : submitted) {
            running_.emplace(transfer->handle(), transfer);
            curl_multi_add_handle(multi_, transfer->handle());
        }
        return !stopping;
    }

    void note_finished() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            CURL* const handle = message->easy_handle;
            const CURLcode code = message->data.result;
            const auto found = running_.find(handle);
            Transfer* const transfer = found->second;
            running_.erase(found);
            curl_multi_remove_handle(multi_, handle);
            transfer->finish(code);  // its coroutine destroys it
        }
    }

    const TargetPolicy& policy_;
    const WebhookClientOptions options_;
    CURLM* multi_ = nullptr;
    curl_slist* resolve_ = nullptr;
    std::unordered_map<CURL*, Transfer*> running_;  ///< Of the thread alone.
    std::mutex mutex_;
    std::vector<Transfer*> submitted_;
    bool stopping_ = false;
    std::thread thread_;
};

WebhookClient::WebhookClient(const TargetPolicy& policy, WebhookClientOptions options)
    : impl_(std::make_unique<Impl>(policy, std::move(options))) {}
WebhookClient::~WebhookClient() = default;

Async<WebhookAnswer> WebhookClient::post(WebhookRequest request) {
    return impl_->post(std::move(request));
}

}  // namespace a2akit::push
