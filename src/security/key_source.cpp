#include "security/key_source.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/cursor.hpp"
#include "security/http_fetch.hpp"

#include <pthread.h>

#include <utility>

namespace a2akit::security {
namespace {

/// "issuer" and "jwks_uri" of the metadata of an OpenID provider.
bool read_metadata(const std::string& text, std::string& issuer, std::string& keys) {
    json::Cursor cursor(text, json::Mode::kStrict, {.max_depth = 16});
    return cursor.kind() == json::Kind::kObject && cursor.object([&](std::string_view name) {
        std::string* const into = name == "issuer" ? &issuer : name == "jwks_uri" ? &keys : nullptr;
        if (into == nullptr || cursor.kind() != json::Kind::kString) return cursor.skip();
        return cursor.string(*into);
    });
}

}  // namespace

Fetch fetch_by_curl(bool allow_http) {
    auto fetch = std::make_shared<HttpFetch>(allow_http);
    return [fetch = std::move(fetch)](const std::string& url) { return fetch->get(url); };
}

KeySource::KeySource(KeySourceOptions options, Fetch fetch)
    : options_(std::move(options)), fetch_(std::move(fetch)), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), "a2akit-keys");
}

KeySource::~KeySource() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
}

void KeySource::request_fetch() {
    fetching_ = true;
    changed_.notify_one();
}

std::optional<Result<std::shared_ptr<const JwkSet>>> KeySource::answer_or_wait(
    const std::function<bool(const JwkSet&)>& wanted, bool fetched, Waiter& waiter) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    const bool recent = fetched_at_ && now < *fetched_at_ + options_.min_refresh;
    const bool old = fetched_at_ && now > *fetched_at_ + options_.max_age;
    if (keys_ && wanted(*keys_)) {
        if (old && !fetching_) request_fetch();
        return keys_;
    }
    if (!fetching_ && (fetched || recent)) {
        if (keys_) return keys_;
        return fail(Error::unavailable("the keys of the tokens' issuer cannot be fetched",
                                       std::chrono::seconds(5)));
    }
    if (!fetching_) request_fetch();
    waiters_.push_back(&waiter);
    return std::nullopt;
}

AsyncResult<std::shared_ptr<const JwkSet>> KeySource::keys_with(
    std::function<bool(const JwkSet&)> wanted) {
    for (bool fetched = false;; fetched = true) {
        Waiter waiter;
        auto answer = answer_or_wait(wanted, fetched, waiter);
        if (answer) co_return std::move(*answer);
        co_await waiter.done.wait();
    }
}

Result<JwkSet> KeySource::fetch_keys() {
    std::string url = options_.url;
    if (url.empty()) {
        std::string issuer = options_.issuer;
        while (issuer.ends_with('/')) issuer.pop_back();
        Result<std::string> metadata = fetch_(issuer + "/.well-known/openid-configuration");
        if (!metadata) return fail(std::move(metadata.error()));
        std::string named;
        if (!read_metadata(*metadata, named, url) || url.empty())
            return fail(ErrorCode::kUnavailable, "the issuer's metadata name no keys");
        if (named != options_.issuer)
            return fail(ErrorCode::kUnavailable, "the issuer's metadata are of another issuer");
        if (!url.starts_with("http"))
            return fail(ErrorCode::kUnavailable, "the issuer's keys have to be at an https URL");
    }
    Result<std::string> text = fetch_(url);
    if (!text) return fail(std::move(text.error()));
    return JwkSet::parse(*text);
}

Result<std::function<void()>> KeySource::read_again() {
    Result<JwkSet> keys = fetch_keys();
    if (!keys) return fail(Error::invalid_field("A2AKIT_JWT_JWKS_URL", keys.error().message));
    return [this, fresh = std::make_shared<const JwkSet>(std::move(*keys))] {
        const std::lock_guard lock(mutex_);
        keys_ = fresh;
        fetched_at_ = std::chrono::steady_clock::now();
    };
}

void KeySource::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || fetching_; });
        if (stopping_) return;
        lock.unlock();
        Result<JwkSet> fetched = fetch_keys();
        if (fetched) {
            log::debug("keys of tokens were fetched count={}", fetched->size());
        } else {
            log::warn("the keys of tokens cannot be fetched error={}",
                      quoted(fetched.error().message));
        }
        lock.lock();
        if (fetched) keys_ = std::make_shared<const JwkSet>(std::move(*fetched));
        fetched_at_ = std::chrono::steady_clock::now();
        fetching_ = false;
        for (Waiter* const waiter : std::exchange(waiters_, {})) waiter->done.set();
    }
}

}  // namespace a2akit::security
