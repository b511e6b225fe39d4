#include "client/http_client.hpp"
#include "client/transfer_engine.hpp"
#include "client/waiting.hpp"
#include "core/later.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace a2akit::client {
namespace {

/// A transfer that the engine runs; destroying it ends the transfer.
class RunningTransfer {
public:
    RunningTransfer(std::shared_ptr<TransferEngine> engine, std::shared_ptr<Transfer> transfer)
        : engine_(std::move(engine)), transfer_(std::move(transfer)) {
        engine_->start(transfer_);
    }
    RunningTransfer(const RunningTransfer&) = delete;
    RunningTransfer& operator=(const RunningTransfer&) = delete;
    ~RunningTransfer() {
        if (!finished_) engine_->cancel(std::move(transfer_));
    }

    [[nodiscard]] Transfer& operator*() const noexcept { return *transfer_; }
    [[nodiscard]] Transfer* operator->() const noexcept { return transfer_.get(); }

    Transfer::Arrived take() {
        Transfer::Arrived arrived = transfer_->take();
        finished_ = arrived.finished;
        if (arrived.paused && !finished_) engine_->unpause(transfer_);
        return arrived;
    }

private:
    std::shared_ptr<TransferEngine> engine_;
    std::shared_ptr<Transfer> transfer_;
    bool finished_ = false;
};

class CurlStream final : public HttpStream {
public:
    CurlStream(std::shared_ptr<TransferEngine> engine, std::shared_ptr<Transfer> transfer,
               std::string url, Duration idle_timeout)
        : transfer_(std::move(engine), std::move(transfer)),
          url_(std::move(url)),
          idle_timeout_(idle_timeout) {}

    Async<HttpResult<HttpHead>> head() override {
        while (!head_ && !finished_) {
            if (!co_await more()) co_return tl::unexpected(HttpFailure{silence().error(), true});
        }
        // A transfer that failed after its head may still have brought bytes: `read` hands them
        // out, then fails.
        if (!head_) {
            std::optional<HttpFailure> failure = transfer_->failure();
            if (!failure)
                failure = HttpFailure{{ErrorCode::kUnavailable, "no answer from " + url_, nullptr}};
            co_return tl::unexpected(std::move(*failure));
        }
        co_return transfer_->head();
    }

    Async<bool> begins_within(Duration span) override {
        const SteadyTime until = Loop::current()->now() + span;
        while (!head_ && !finished_) {
            if (!co_await more(until)) co_return false;
        }
        co_return true;
    }

    AsyncResult<std::optional<std::string>> read() override {
        while (bytes_.empty() && !finished_) {
            if (!co_await more()) co_return fail(silence().error());
        }
        if (!bytes_.empty()) co_return std::optional(std::exchange(bytes_, {}));
        if (auto failure = transfer_->failure()) co_return fail(std::move(failure->error));
        co_return std::optional<std::string>();
    }

    [[nodiscard]] Headers trailers() const override { return transfer_->trailers(); }

private:
    /// Waits for news of the transfer; false when none came for too long.
    Async<bool> more() {
        std::optional<SteadyTime> until;
        if (idle_timeout_ > Duration::zero()) until = later(Loop::current()->now(), idle_timeout_);
        return more(until);
    }
    Async<bool> more(std::optional<SteadyTime> until) {
        if (!co_await wait_for(transfer_->changed(), until)) co_return false;
        Transfer::Arrived arrived = transfer_.take();
        head_ = arrived.head;
        finished_ = arrived.finished;
        bytes_ += arrived.bytes;
        co_return true;
    }
    [[nodiscard]] Result<void> silence() const {
        return fail(ErrorCode::kUnavailable, "nothing came from " + url_ + " for " +
                                                 std::to_string(idle_timeout_.count()) + " ms");
    }

    RunningTransfer transfer_;
    std::string url_;
    Duration idle_timeout_;
    std::string bytes_;
    bool head_ = false;
    bool finished_ = false;
};

class CurlClient final : public HttpClient {
public:
    explicit CurlClient(const ClientOptions& options)
        : engine_(TransferEngine::shared()),
          settings_{options.connect_timeout, options.ca_file, options.verify_tls,
                    options.client_certificate_file, options.client_key_file} {}

    Async<HttpResult<HttpAnswer>> perform(HttpRequest request) override {
        RunningTransfer transfer(
            engine_,
            std::make_shared<Transfer>(Transfer::Kind::kWhole, std::move(request), settings_));
        Transfer::Arrived arrived;
        while (!arrived.finished) {
            co_await wait_for(transfer->changed(), std::nullopt);
            arrived = transfer.take();
        }
        if (auto failure = transfer->failure()) co_return tl::unexpected(std::move(*failure));
        co_return HttpAnswer{transfer->head(), std::move(arrived.bytes), transfer->trailers(),
                             transfer->url()};
    }

    std::unique_ptr<HttpStream> open(HttpRequest request) override {
        std::string url = request.url;
        const Duration idle_timeout = request.idle_timeout;
        auto transfer =
            std::make_shared<Transfer>(Transfer::Kind::kStream, std::move(request), settings_);
        return std::make_unique<CurlStream>(engine_, std::move(transfer), std::move(url),
                                            idle_timeout);
    }

private:
    std::shared_ptr<TransferEngine> engine_;
    TransferSettings settings_;
};

}  // namespace

std::string origin_of(const std::string& url) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
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

std::shared_ptr<HttpClient> make_curl_client(const ClientOptions& options) {
    return std::make_shared<CurlClient>(options);
}

}  // namespace a2akit::client
