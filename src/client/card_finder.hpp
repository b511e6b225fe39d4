#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/card_cache.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace a2akit {

class CardCache::Entries {
public:
    struct Entry {
        std::string key;
        FetchedCard card;
        std::string etag;
        SteadyTime fresh_until{};
    };
    /// A copy of the entry; null when there is none.
    std::shared_ptr<const Entry> find(const std::string& key);
    void put(Entry entry);

private:
    static constexpr std::size_t kMaxEntries = 64;
    std::mutex mutex_;
    std::list<std::shared_ptr<const Entry>> entries_;  ///< The latest first.
};

namespace client {

/// Fetches the cards of agents, or finds them in the cache.
class CardFinder {
public:
    CardFinder(std::shared_ptr<HttpClient> http, ClientOptions options)
        : http_(std::move(http)), options_(std::move(options)) {}

    AsyncResult<FetchedCard> find(std::string url);
    /// What is at the URL, whatever its status and its content are. A server that is overloaded
    /// (429, 503) is asked again. `etag`: of the copy at hand; empty: there is none.
    /// `max_redirects`: see HttpRequest. kUnavailable when there is no answer,
    /// kInvalidAgentResponse when it is longer than ClientOptions::max_card_bytes.
    AsyncResult<HttpAnswer> fetch(std::string url, std::string etag = {}, int max_redirects = 0);

private:
    using Entry = CardCache::Entries::Entry;
    [[nodiscard]] CardCache::Entries* cache() const noexcept;

    std::shared_ptr<HttpClient> http_;
    ClientOptions options_;
};

}  // namespace client
}  // namespace a2akit
