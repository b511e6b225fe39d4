#pragma once

#include "backends/common/content_check.hpp"
#include "backends/common/data_keys.hpp"

#include <a2akit/core/ids.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit::backends {

/// What became of the contents of a database that were to be under the first key.
struct Reencrypted {
    std::size_t renewed = 0;  ///< Stored values that were written anew.
    std::size_t left = 0;     ///< Values that could not be decrypted; they stay as they are.
    std::string why;          ///< Of the first of those.
};

/// Encrypts stored values again under the first key, wherever another key has sealed a piece of
/// them. What was stored without a key stays as it is.
class Reencryption {
public:
    using Kind = ContentCheck::Kind;

    /// REQUIRES: `keys` outlives it.
    explicit Reencryption(const DataKeys& keys) : keys_(keys) {}

    /// What is to be stored instead; nullopt when nothing is to be done or can be.
    [[nodiscard]] std::optional<std::string> renew(Kind kind, const TaskId& task,
                                                   std::string_view bytes);
    [[nodiscard]] std::optional<std::string> renew_context(std::string_view owner,
                                                           std::string_view tenant,
                                                           std::string_view context_id,
                                                           std::string_view value);
    /// It was stored.
    void note_renewed() noexcept { ++done_.renewed; }
    [[nodiscard]] const Reencrypted& done() const noexcept { return done_; }

private:
    void note_left(const Error& why);

    const DataKeys& keys_;
    Reencrypted done_;
};

}  // namespace a2akit::backends
