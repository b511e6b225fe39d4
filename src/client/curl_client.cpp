#include "client/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <climits>
#include <new>
#include <utility>

namespace a2akit::client {
namespace {

/// libcurl waits for whole milliseconds in a long.
long milliseconds(Duration span) {
    const auto count = std::chrono::ceil<std::chrono::milliseconds>(span).count();
    return static_cast<long>(std::clamp<long long>(count, 0, LONG_MAX));
}

void initialise_curl_once() {
    static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kDone != CURLE_OK) throw std::bad_alloc();
}

/// One request on one easy handle: the handle's options, and what libcurl's callbacks collect.
class Transfer {
public:
    explicit Transfer(const ClientOptions& options)
        : max_bytes_(options.max_answer_bytes), easy_(curl_easy_init()) {
        if (easy_ == nullptr) throw std::bad_alloc();
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_USERAGENT, "a2akit");
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
        set(CURLOPT_ERRORBUFFER, error_.data());
        set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
        set(CURLOPT_HEADERDATA, this);
        if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() {
        curl_easy_cleanup(easy_);
        curl_slist_free_all(headers_);
    }

    void prepare(HttpRequest request, bool streaming) {
        request_ = std::move(request);
        body_.clear();
        received_ = 0;
        limited_ = !streaming;
        head_done_ = false;
        too_long_ = false;
        error_[0] = '\0';
        curl_slist_free_all(std::exchange(headers_, nullptr));
        for (const auto& [name, value] : request_.headers) {
            headers_ = curl_slist_append(headers_, (name + ": " + value).c_str());
        }
        // libcurl asks large posts' servers for permission first, and waits a second for it.
        headers_ = curl_slist_append(headers_, "Expect:");
        set(CURLOPT_HTTPHEADER, headers_);
        set(CURLOPT_URL, request_.url.c_str());
        set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
        if (request_.method == "POST") {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
            set(CURLOPT_POSTFIELDS, request_.body.data());
        } else {
            set(CURLOPT_HTTPGET, 1L);
        }
    }

    [[nodiscard]] CURL* handle() const noexcept { return easy_; }
    [[nodiscard]] bool head_done() const noexcept { return head_done_; }
    [[nodiscard]] std::size_t received() const noexcept { return received_; }
    [[nodiscard]] std::string& body() noexcept { return body_; }
    [[nodiscard]] int status() const {
        long status = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        return static_cast<int>(status);
    }
    [[nodiscard]] std::string content_type() const {
        const char* type = nullptr;
        curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
        return type != nullptr ? type : "";
    }
    [[nodiscard]] Error error(CURLcode code) const {
        if (too_long_) {
            return {ErrorCode::kInvalidAgentResponse,
                    "the agent's answer is longer than " + std::to_string(max_bytes_) + " bytes",
                    nullptr};
        }
        const char* reason = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        return {ErrorCode::kUnavailable, "no answer from " + request_.url + ": " + reason, nullptr};
    }

private:
    template <class T>
    void set(CURLoption option, T value) {
        curl_easy_setopt(easy_, option, value);
    }
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        transfer.head_done_ = true;
        transfer.received_ += size;
        if (transfer.limited_ && transfer.received_ > transfer.max_bytes_) {
            transfer.too_long_ = true;
            return 0;
        }
        transfer.body_.append(data, size);
        return size;
    }
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        // An empty line ends a head; those of 1xx answers are followed by another.
        if (size <= 2 && data[0] == '\r' && transfer.status() >= 200) transfer.head_done_ = true;
        return size;
    }

    std::size_t max_bytes_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    HttpRequest request_;
    std::string body_;
    std::size_t received_ = 0;
    bool limited_ = true;
    bool head_done_ = false;
    bool too_long_ = false;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

/// A transfer that is driven by the code that reads it.
class CurlStream final : public HttpStream {
public:
    CurlStream(const ClientOptions& options, HttpRequest request)
        : transfer_(options), multi_(curl_multi_init()), idle_timeout_(request.idle_timeout) {
        if (multi_ == nullptr) throw std::bad_alloc();
        transfer_.prepare(std::move(request), true);
        curl_multi_add_handle(multi_, transfer_.handle());
    }
    ~CurlStream() override {
        curl_multi_remove_handle(multi_, transfer_.handle());
        curl_multi_cleanup(multi_);
    }

    Result<void> await_head() override {
        auto outcome = run_until([this] { return transfer_.head_done(); });
        // A transfer that failed after its head may still have brought bytes: `read` hands them
        // out, then fails.
        return transfer_.head_done() ? Result<void>() : outcome;
    }
    [[nodiscard]] int status() const override { return transfer_.status(); }
    [[nodiscard]] std::string content_type() const override { return transfer_.content_type(); }

    Result<std::optional<std::string>> read() override {
        const auto has_bytes = [this] { return !transfer_.body().empty(); };
        if (auto ok = run_until(has_bytes); !ok && !has_bytes()) return fail(std::move(ok.error()));
        if (!has_bytes()) return std::optional<std::string>();
        return std::optional(std::exchange(transfer_.body(), {}));
    }

private:
    static constexpr int kPollMs = 1000;  // libcurl's own timers shorten it

    /// Drives the transfer until `ready`, or until it has ended.
    template <class Ready>
    Result<void> run_until(Ready ready) {
        auto last_sign = std::chrono::steady_clock::now();
        while (!ready() && !finished_) {
            const std::size_t before = transfer_.received();
            if (const CURLMcode code = perform(); code != CURLM_OK) {
                return fail(ErrorCode::kInternal, curl_multi_strerror(code));
            }
            if (ready() || finished_) break;
            const auto now = std::chrono::steady_clock::now();
            if (transfer_.received() != before) last_sign = now;
            if (idle_timeout_ > Duration::zero() && now - last_sign > idle_timeout_) {
                return fail(ErrorCode::kUnavailable, "the agent's stream shows no sign of life");
            }
            curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
        }
        if (!finished_ || outcome_ == CURLE_OK) return {};
        return fail(transfer_.error(outcome_));
    }
    CURLMcode perform() {
        int running = 0;
        const CURLMcode code = curl_multi_perform(multi_, &running);
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            finished_ = true;
            outcome_ = message->data.result;
        }
        return code;
    }

    Transfer transfer_;
    CURLM* multi_;
    Duration idle_timeout_;
    bool finished_ = false;
    CURLcode outcome_ = CURLE_OK;
};

class CurlClient final : public HttpClient {
public:
    explicit CurlClient(ClientOptions options)
        : options_(std::move(options)), transfer_(options_) {}

    Result<HttpAnswer> perform(HttpRequest request) override {
        transfer_.prepare(std::move(request), false);
        if (const CURLcode code = curl_easy_perform(transfer_.handle()); code != CURLE_OK) {
            return fail(transfer_.error(code));
        }
        return HttpAnswer{transfer_.status(), transfer_.content_type(),
                          std::move(transfer_.body())};
    }
    std::unique_ptr<HttpStream> open(HttpRequest request) override {
        return std::make_unique<CurlStream>(options_, std::move(request));
    }

private:
    ClientOptions options_;
    Transfer transfer_;
};

}  // namespace

std::string origin_of(const std::string& url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
    if (parsed == nullptr) throw std::bad_alloc();
    constexpr unsigned kAsForTransfers = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), kAsForTransfers) != CURLUE_OK)
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
    std::transform(origin.begin(), origin.end(), origin.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return origin;
}

std::unique_ptr<HttpClient> make_curl_client(const ClientOptions& options) {
    initialise_curl_once();
    return std::make_unique<CurlClient>(options);
}

}  // namespace a2akit::client
