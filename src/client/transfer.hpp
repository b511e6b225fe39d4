#pragma once

#include "client/http_client.hpp"
#include "core/libcurl.hpp"

#include <a2akit/core/loop.hpp>

#include <array>
#include <mutex>
#include <optional>
#include <string>

namespace a2akit::client {

/// What every request of one client has in common.
struct TransferSettings {
    Duration connect_timeout{};
    std::string ca_file;
    bool verify_tls = true;
    std::string client_certificate_file;
    std::string client_key_file;
};

/// One request on one easy handle of libcurl. The engine's thread fills it in; one coroutine, on
/// any loop, takes what has arrived.
class Transfer {
public:
    enum class Kind : std::uint8_t { kWhole, kStream };

    Transfer(Kind kind, HttpRequest request, const TransferSettings& settings);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    // The engine's thread.
    [[nodiscard]] CURL* handle() const noexcept { return easy_; }
    void finish(CURLcode outcome);
    /// Lets a transfer that was too far ahead of its reader go on.
    void unpause() noexcept;
    [[nodiscard]] bool is_http2() const noexcept { return is_http2_; }
    /// How many bytes of the body have arrived.
    [[nodiscard]] std::size_t received() const noexcept { return received_; }

    // The reader.
    /// What has arrived since the last call.
    struct Arrived {
        std::string bytes;
        bool head = false;      ///< The head is complete.
        bool finished = false;  ///< No more bytes will come.
        bool paused = false;    ///< The engine waits for `unpause`.
    };
    [[nodiscard]] Arrived take();
    /// Raised when there is something new since the last `take`.
    [[nodiscard]] Signal& changed() noexcept { return changed_; }
    /// REQUIRES: the head has arrived. It does not change any more.
    [[nodiscard]] const HttpHead& head() const noexcept { return head_; }
    /// Where the answer came from, after redirects. REQUIRES: finished.
    [[nodiscard]] std::string url() const;
    /// REQUIRES: finished.
    [[nodiscard]] const Headers& trailers() const noexcept { return trailers_; }
    /// The reason why the transfer ended early; nullopt when it did not. REQUIRES: finished.
    [[nodiscard]] std::optional<HttpFailure> failure() const;

private:
    template <class T>
    void set(CURLoption option, T value) {
        curl_easy_setopt(easy_, option, value);
    }
    void set_up(const TransferSettings& settings);
    void set_request();
    void set_body();
    std::size_t give_body(char* to, std::size_t capacity);
    std::size_t take_body(std::string_view bytes);
    bool take_header(std::string_view line);

    const Kind kind_;
    HttpRequest request_;
    std::optional<BodyReader> body_;  ///< Of a request with files.
    std::optional<Error> body_failure_;
    CURL* easy_;
    curl_slist* header_list_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> reason_{};
    // Until the head is complete, and the trailers until the end, only the engine's thread touches
    // them.
    HttpHead head_;
    Headers trailers_;
    std::size_t header_bytes_ = 0;
    std::size_t received_ = 0;
    bool is_http2_ = false;
    std::string too_long_;  ///< The part of the answer that is longer than allowed; empty: none.

    std::mutex mutex_;
    std::string bytes_;
    bool head_done_ = false;
    bool finished_ = false;
    bool paused_ = false;
    CURLcode outcome_ = CURLE_OK;
    Signal changed_;
};

}  // namespace a2akit::client
