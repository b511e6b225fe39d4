#pragma once

#include "security/jwk.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/core/loop.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace a2akit::security {

/// The text at a URL, or why it cannot be had. Called on a thread that may block.
using Fetch = std::function<Result<std::string>(const std::string& url)>;

/// Fetches by libcurl: https, file, and http if it is allowed; follows no redirect, reads at most
/// 1 MiB, and gives up after ten seconds.
[[nodiscard]] Fetch fetch_by_curl(bool allow_http);

/// Where the keys of an issuer come from.
struct KeySourceOptions {
    std::string url;     ///< Of the key set; empty: found by OpenID Connect discovery.
    std::string issuer;  ///< For discovery.
    /// After a fetch, no other one begins for this long.
    Duration min_refresh = std::chrono::seconds(30);
    /// Keys are fetched again after this time, although they are still used meanwhile.
    Duration max_age = std::chrono::minutes(15);
};

/// The public keys of an issuer: fetched when they are needed first, kept, and fetched again when a
/// token names a key that is not among them. Fetches on a thread of its own, one at a time. Safe
/// from any thread.
class KeySource {
public:
    KeySource(KeySourceOptions options, Fetch fetch);
    ~KeySource();
    KeySource(const KeySource&) = delete;
    KeySource& operator=(const KeySource&) = delete;

    /// Keys among which `wanted` finds one, if the issuer has such a key: those that are there, or
    /// else those of a new fetch, unless the last one was too recent. kUnavailable when keys were
    /// never fetched successfully. On a loop.
    AsyncResult<std::shared_ptr<const JwkSet>> keys_with(std::function<bool(const JwkSet&)> wanted);

    /// Whether the keys are in a file of this machine.
    [[nodiscard]] bool is_file() const noexcept { return options_.url.starts_with("file:"); }
    /// Reads the file again, and returns what puts it into force, so that several things can be
    /// renewed together or not at all. kInvalidParams naming the setting when it holds no keys.
    /// REQUIRES: is_file.
    [[nodiscard]] Result<std::function<void()>> read_again();

private:
    /// A coroutine that waits for the fetch under way.
    struct Waiter {
        Signal done;
    };

    /// Null: `waiter` waits for a fetch. Otherwise the answer.
    [[nodiscard]] std::optional<Result<std::shared_ptr<const JwkSet>>> answer_or_wait(
        const std::function<bool(const JwkSet&)>& wanted, bool fetched, Waiter& waiter);
    void request_fetch();
    void run();
    [[nodiscard]] Result<JwkSet> fetch_keys();

    const KeySourceOptions options_;
    const Fetch fetch_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const JwkSet> keys_;    ///< Null: never fetched.
    std::optional<SteadyTime> fetched_at_;  ///< When the last fetch ended, well or not.
    bool fetching_ = false;
    bool stopping_ = false;
    std::vector<Waiter*> waiters_;
    std::jthread thread_;  ///< The last member: joined before the others end.
};

}  // namespace a2akit::security
