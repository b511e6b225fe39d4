#pragma once

#include "security/digest.hpp"
#include "security/expiring_cache.hpp"
#include "security/helper_threads.hpp"
#include "security/identity.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace a2akit::security {

/// Names and passwords from a file, sent as HTTP Basic (RFC 7617).
///
/// Each line is `name:hash`, as htpasswd writes it, and `:scopes` may follow, separated by spaces;
/// '#' at its beginning makes it a comment. The hash is one that crypt(3) knows, of which DES is
/// refused. Passwords are hashed on threads of their own. A pair that was right is remembered for
/// five minutes, under a digest with a secret of this object.
class BasicUsers final : public Identity {
public:
    /// kInvalidParams naming the file, and the line that is wrong, but never a hash.
    static Result<std::shared_ptr<BasicUsers>> load(
        std::string path, std::shared_ptr<const Clock> clock = system_clock());
    /// Reads the file again, and returns what puts it into force, so that several things can be
    /// renewed together or not at all.
    [[nodiscard]] Result<std::function<void()>> read_again();

    [[nodiscard]] bool is_present(const RequestContext& context) const override;
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) override;
    [[nodiscard]] Credentials credentials() const noexcept override { return Credentials::kBasic; }
    [[nodiscard]] std::string challenge() const override;
    /// How many passwords were hashed, for tests.
    [[nodiscard]] std::size_t hashed() const noexcept { return hashed_.load(); }

private:
    struct User {
        std::string hash;
        Principal principal;
    };
    struct Table {
        std::map<std::string, User, std::less<>> users;
        std::string decoy;  ///< A hash that is compared with when there is no such user.
        std::string seed;   ///< Secret; of the digests under which right pairs are remembered.
    };

    BasicUsers(std::string path, std::shared_ptr<const Table> table,
               std::shared_ptr<const Clock> clock);
    [[nodiscard]] static Result<std::shared_ptr<const Table>> read(const std::string& path);
    /// `line` is one line. Empty when it is right; else what is wrong with it.
    [[nodiscard]] static std::string read_line(std::string_view line, Table& table);
    [[nodiscard]] std::shared_ptr<const Table> table() const;

    const std::string path_;
    const std::shared_ptr<const Clock> clock_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_;  ///< Under the mutex.
    ExpiringCache<Principal> known_;
    std::atomic<std::size_t> hashed_{0};
    HelperThreads threads_;
};

}  // namespace a2akit::security
