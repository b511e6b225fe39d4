#include "client/card_finder.hpp"

#include "client/binding.hpp"
#include "client/caller_loop.hpp"
#include "client/card_trust.hpp"
#include "client/session.hpp"
#include "wire/client_codec.hpp"

#include <a2akit/core/when.hpp>

#include <charconv>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

namespace a2akit {
namespace client {
namespace {

/// max-age of a Cache-Control header; zero when it has none or forbids to keep the answer.
std::chrono::seconds max_age_of(std::string_view cache_control) {
    if (cache_control.find("no-store") != std::string_view::npos ||
        cache_control.find("no-cache") != std::string_view::npos)
        return {};
    const std::size_t at = cache_control.find("max-age=");
    if (at == std::string_view::npos) return {};
    long seconds = 0;
    const char* begin = cache_control.data() + at + 8;
    std::from_chars(begin, cache_control.data() + cache_control.size(), seconds);
    return std::chrono::seconds(std::clamp(seconds, 0L, 86'400L));
}

Error no_card(const std::string& url, int status) {
    ErrorCode code = ErrorCode::kInvalidAgentResponse;
    if (status == 401) code = ErrorCode::kUnauthenticated;
    if (status == 403) code = ErrorCode::kPermissionDenied;
    if (status == 429 || status >= 500) code = ErrorCode::kUnavailable;
    return {code, "no agent card at " + url + ": HTTP status " + std::to_string(status), nullptr};
}

Result<AgentCard> read(std::string_view json, const std::string& where) {
    auto card = wire::read_card(json);
    if (!card) {
        return fail({ErrorCode::kInvalidAgentResponse,
                     "what is at " + where + " is not an agent card: " + card.error().message,
                     card.error().details});
    }
    if (card->name.empty() && card->supported_interfaces.empty()) {
        return fail(ErrorCode::kInvalidAgentResponse,
                    "what is at " + where +
                        " is not an agent card: it has neither a name nor an interface");
    }
    return card;
}

std::string cache_key(const std::string& url, const ClientOptions& options) {
    std::string key = url + '\n' + options.bearer_token;
    for (const auto& [name, value] : options.headers) key += '\n' + name + ':' + value;
    return key;
}

}  // namespace

CardCache::Entries* CardFinder::cache() const noexcept {
    return options_.card_cache ? options_.card_cache->entries_.get() : nullptr;
}

AsyncResult<HttpAnswer> CardFinder::fetch(std::string url, std::string etag, int max_redirects) {
    Backoff backoff(options_.retry, std::random_device{}());
    for (int attempt = 1;; ++attempt) {
        HttpRequest request{.method = "GET",
                            .url = url,
                            .timeout = options_.call_timeout,
                            .max_bytes = options_.max_card_bytes,
                            .max_redirects = max_redirects};
        Headers own{{"A2A-Version", "1.0"}, {"Accept", "application/json"}};
        if (!etag.empty()) own.emplace_back("If-None-Match", etag);
        add_headers(request, options_, std::move(own));
        auto watched = co_await intercept(options_, "AgentCard", attempt, request);
        if (!watched) co_return fail(std::move(watched.error()));
        auto answer = co_await http_->perform(std::move(request));
        report(options_, *watched, answer ? answer->head.status : 0,
               answer ? nullptr : &answer.error().error);
        if (!answer) co_return fail(std::move(answer.error().error));
        show(options_, *watched, answer->body);
        const int status = answer->head.status;
        if (status != 429 && status != 503) co_return std::move(*answer);
        const auto delay = backoff.next(to_failure({}, answer->head).retry_after);
        if (!delay) co_return std::move(*answer);
        co_await sleep(*delay);
    }
}

AsyncResult<FetchedCard> CardFinder::find(std::string url) {
    const std::string at = card_url(url);
    const std::string key = cache_key(at, options_);
    std::shared_ptr<const Entry> known = cache() != nullptr ? cache()->find(key) : nullptr;
    const SteadyTime now = Loop::current()->now();
    if (known && now < known->fresh_until)
        co_return co_await check_signatures(http_, options_, known->card);
    auto answer = co_await fetch(at, known ? known->etag : std::string());
    if (!answer) co_return fail(std::move(answer.error()));
    const int status = answer->head.status;
    if (status != 200 && !(status == 304 && known && !known->etag.empty()))
        co_return fail(to_failure(no_card(at, status), answer->head).error);
    Entry entry{key, {}, std::string(answer->head.header("etag")), {}};
    entry.fresh_until = now + max_age_of(answer->head.header("cache-control"));
    if (status == 304) {
        entry.card = known->card;
        if (entry.etag.empty()) entry.etag = known->etag;
    } else {
        auto card = read(answer->body, at);
        if (!card) co_return fail(std::move(card.error()));
        entry.card = {std::move(*card), std::move(answer->body), at};
    }
    FetchedCard found = entry.card;
    if (cache() != nullptr) cache()->put(std::move(entry));
    co_return co_await check_signatures(http_, options_, std::move(found));
}

}  // namespace client

CardCache::CardCache() : entries_(std::make_unique<Entries>()) {}
CardCache::~CardCache() = default;

std::shared_ptr<const CardCache::Entries::Entry> CardCache::Entries::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
        if (entry->key == key) return entry;
    }
    return nullptr;
}

void CardCache::Entries::put(Entry entry) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& other) { return other->key == entry.key; });
    entries_.push_front(std::make_shared<const Entry>(std::move(entry)));
    if (entries_.size() > kMaxEntries) entries_.pop_back();
}

AsyncResult<FetchedCard> fetch_card_async(std::string url, ClientOptions options) {
    auto http = client::make_curl_client(options);
    client::CardFinder finder(std::move(http), std::move(options));
    co_return co_await finder.find(std::move(url));
}

FetchedCard fetch_card(std::string url, ClientOptions options) {
    return client::run_blocking(fetch_card_async(std::move(url), std::move(options)))
        .value_or_throw();
}

AgentCard parse_card(std::string_view json) { return client::read(json, "hand").value_or_throw(); }

AgentCard read_card_file(const std::filesystem::path& file) {
    constexpr std::streamsize kMaxBytes = 1 << 20;
    std::ifstream in(file, std::ios::binary);
    std::string text(static_cast<std::size_t>(kMaxBytes) + 1, '\0');
    if (in) in.read(text.data(), kMaxBytes + 1);
    if (!in && !in.eof())
        throw Exception({ErrorCode::kUnavailable, file.string() + " can't be read", nullptr});
    if (in.gcount() > kMaxBytes) {
        throw Exception({ErrorCode::kInvalidAgentResponse,
                         file.string() + " is longer than a card may be: 1 MiB", nullptr});
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return client::read(text, file.string()).value_or_throw();
}

}  // namespace a2akit
