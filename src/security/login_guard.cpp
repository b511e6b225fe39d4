#include "security/login_guard.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "security/gate.hpp"

#include <utility>

namespace a2akit::security {
namespace {

std::optional<Error> slowed(std::string_view address, std::optional<Duration> wait) {
    if (!wait) return std::nullopt;
    log::debug("an address sends too many wrong credentials remote={}", quoted(address));
    Error::Details details;
    details.retry_after = *wait;
    return Error{ErrorCode::kResourceExhausted,
                 "too many wrong credentials came from this address; try again later", nullptr}
        .with(std::move(details));
}

}  // namespace

std::optional<Error> LoginGuard::count_failure(std::string_view address, SteadyTime now) {
    return slowed(address, failures_.take(rate_key(address), now));
}

Error LoginGuard::told(std::string_view address, Error error) {
    auto slowed = count_failure(address, std::chrono::steady_clock::now());
    return slowed ? std::move(*slowed) : std::move(error);
}

std::optional<Error> LoginGuard::refuse(std::string_view address, SteadyTime now) {
    return slowed(address, failures_.ask(rate_key(address), now));
}

}  // namespace a2akit::security
