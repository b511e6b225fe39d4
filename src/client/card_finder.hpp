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

private:
    using Entry = CardCache::Entries::Entry;
    [[nodiscard]] CardCache::Entries* cache() const noexcept;
    AsyncResult<HttpAnswer> fetch(std::string url, std::string etag);

    std::shared_ptr<HttpClient> http_;
    ClientOptions options_;
};

}  // namespace client
}  // namespace a2akit
