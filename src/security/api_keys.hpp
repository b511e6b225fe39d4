#pragma once

#include "security/digest.hpp"
#include "security/identity.hpp"

#include <a2akit/core/result.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace a2akit::security {

/// API keys from a file: a key in the header X-API-Key, or as bearer token, names a principal.
///
/// Each line is `principal key`, and scopes may follow; '#' begins a comment. A key is
/// `sha256:` and the 64 hexadecimal digits of its hash, or the key itself. Only hashes are kept in
/// memory, and looked up by hash, so the time of a refusal says nothing about any key.
class ApiKeys final : public Identity {
public:
    /// kInvalidParams naming the file, and the line that is wrong, but never a key.
    static Result<std::shared_ptr<ApiKeys>> load(std::string path);
    /// Reads the file again, and returns what puts it into force, so that several things can be
    /// renewed together or not at all.
    [[nodiscard]] Result<std::function<void()>> read_again();
    /// Bearer tokens that look like a JWT are left to another Identity. Before any request.
    void leave_jwts() noexcept { leaves_ = Leaves::kJwts; }
    /// Bearer tokens that are not one of the keys are left to another Identity. Before any request.
    void leave_unknown_tokens() noexcept { leaves_ = Leaves::kUnknown; }

    [[nodiscard]] bool is_present(const RequestContext& context) const override;
    AsyncResult<Principal> identify(const RequestContext& context, LoginGuard& guard) override;
    [[nodiscard]] Credentials credentials() const noexcept override { return Credentials::kApiKey; }
    [[nodiscard]] std::string challenge() const override;

private:
    using Table = std::unordered_map<Digest, Principal, DigestHash>;

    /// Which bearer tokens are left to another Identity.
    enum class Leaves { kNothing, kJwts, kUnknown };

    ApiKeys(std::string path, std::shared_ptr<const Table> table)
        : path_(std::move(path)), table_(std::move(table)) {}
    [[nodiscard]] static Result<std::shared_ptr<const Table>> read(const std::string& path);
    /// `text` is one line. Empty when it is right; else what is wrong with it.
    [[nodiscard]] static std::string read_line(std::string_view text, Table& table);
    [[nodiscard]] std::shared_ptr<const Table> table() const;
    [[nodiscard]] std::string_view key_of(const RequestContext& context) const;

    const std::string path_;
    Leaves leaves_ = Leaves::kNothing;
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_;  ///< Under the mutex.
};

}  // namespace a2akit::security
