#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace a2akit::cli {

/// Receives push notifications: HTTP POSTs, one at a time, for a person or a script that watches
/// them. A sender that stalls for ten seconds is dropped; heads above 64 KiB and bodies above
/// 16 MiB are refused.
class Webhook {
public:
    /// Listens; port 0 is any free one. With a token, a notification has to carry it in
    /// X-A2A-Notification-Token, or is answered with 401. Throws Failure.
    Webhook(const std::string& host, std::uint16_t port, std::string token);
    Webhook(const Webhook&) = delete;
    Webhook& operator=(const Webhook&) = delete;
    ~Webhook();

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// Waits for a notification whose body `accept` takes, and returns that body. Others are
    /// answered with 400.
    [[nodiscard]] std::string next(const std::function<bool(std::string_view)>& accept);

private:
    int listener_ = -1;
    std::string token_;
    std::string url_;
};

}  // namespace a2akit::cli
