#include "client/card_trust.hpp"

#include <a2akit/protocol/card_signature.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::client {
namespace {

constexpr std::size_t kMaxKeySetBytes = 256U << 10U;

AsyncResult<std::string> fetch_keys(std::shared_ptr<HttpClient> http, std::string url,
                                    Duration timeout) {
    auto answer = co_await http->perform({.method = "GET",
                                          .url = url,
                                          .headers = {{"Accept", "application/json"}},
                                          .timeout = timeout,
                                          .max_bytes = kMaxKeySetBytes,
                                          .without_certificate = true});
    if (!answer) co_return fail(std::move(answer.error().error));
    if (answer->head.status == 200) co_return std::move(answer->body);
    co_return fail(ErrorCode::kUnavailable, "no set of keys at " + url + ": HTTP status " +
                                                std::to_string(answer->head.status));
}

/// The listed URLs that the signatures name, each once.
std::vector<std::string> urls_of(const FetchedCard& card, const CardTrust& trust) {
    std::vector<std::string> urls;
    for (std::string& url : key_set_urls(card.json)) {
        const auto& listed = trust.key_set_urls;
        if (std::find(listed.begin(), listed.end(), url) != listed.end() &&
            std::find(urls.begin(), urls.end(), url) == urls.end())
            urls.push_back(std::move(url));
    }
    return urls;
}

FetchedCard signed_card(FetchedCard card, VerifiedCard verified) {
    card.card = std::move(verified.card);
    card.signed_by = std::move(verified.key_id);
    return card;
}

}  // namespace

AsyncResult<FetchedCard> check_signatures(std::shared_ptr<HttpClient> http, ClientOptions options,
                                          FetchedCard card) {
    const CardTrust& trust = options.card_trust;
    if (trust.check == CardCheck::kOff) co_return card;
    Error reason{ErrorCode::kUnauthenticated, "no signature of the card is one of a trusted key",
                 nullptr};
    if (!trust.keys.empty()) {
        auto verified = verify_card(card.json, trust.keys);
        if (verified) co_return signed_card(std::move(card), std::move(*verified));
        if (verified.error().code == ErrorCode::kInvalidParams)
            reason = std::move(verified.error());
    }
    for (const std::string& url : urls_of(card, trust)) {
        auto keys = co_await fetch_keys(http, url, options.call_timeout);
        if (!keys) {
            reason = std::move(keys.error());
            continue;
        }
        auto verified = verify_card(card.json, *keys);
        if (verified) co_return signed_card(std::move(card), std::move(*verified));
    }
    if (trust.check == CardCheck::kSoft) co_return card;
    co_return fail(reason.code, "the card at " + card.url + " is not used: " + reason.message);
}

}  // namespace a2akit::client
