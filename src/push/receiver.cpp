#include <a2akit/push/receiver.hpp>

#include "json/codec.hpp"
#include "push/signing_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_set>

namespace a2akit {
namespace {

constexpr std::string_view kSecretMark = "whsec_";
constexpr std::string_view kPublicMark = "whpk_";
constexpr std::size_t kTokenBytes = 32;

Error refused(std::string why) { return {ErrorCode::kUnauthenticated, std::move(why), nullptr}; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// Empty when there is none, or more than one.
std::string_view only_header(const PushReceiver::Headers& headers, std::string_view name) {
    std::string_view found;
    int count = 0;
    for (const auto& [key, value] : headers) {
        if (!equal_ignoring_case(key, name)) continue;
        found = value;
        ++count;
    }
    return count == 1 ? found : std::string_view();
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Both alphabets of base64.
std::optional<std::string> decode_key(std::string_view text) {
    std::string standard(text);
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
    return push::decode_base64(standard);
}

std::string read_key(std::string_view field, std::string_view mark, const std::string& text,
                     std::size_t least, std::size_t most) {
    if (text.starts_with(mark)) {
        auto bytes = decode_key(std::string_view(text).substr(mark.size()));
        if (bytes && bytes->size() >= least && bytes->size() <= most) return std::move(*bytes);
    }
    throw Exception(Error::invalid_field(
        std::string(field), "must be " + std::string(mark) + " and the base64 of " +
                                std::to_string(least) +
                                (least == most ? "" : " to " + std::to_string(most)) + " bytes"));
}

bool verify_ed25519(const std::string& key, std::string_view text, const std::string& signature) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> read(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes, key.size()), &EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    return read && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, read.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size()) == 1;
}

std::string task_of(const StreamResponse& event) {
    if (const auto* task = std::get_if<Task>(&event.payload)) return task->id;
    if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload))
        return status->task_id;
    if (const auto* artifact = std::get_if<TaskArtifactUpdateEvent>(&event.payload))
        return artifact->task_id;
    if (const auto* message = std::get_if<Message>(&event.payload)) return message->task_id;
    return {};
}

}  // namespace

class PushReceiver::Impl {
public:
    explicit Impl(const PushReceiverOptions& options) : options_(options) {
        for (const std::string& secret : options.secrets)
            secrets_.push_back(read_key("secrets", kSecretMark, secret, 24, 64));
        for (const std::string& key : options.public_keys)
            public_keys_.push_back(read_key("public_keys", kPublicMark, key, 32, 32));
    }

    void add_token(std::string token, std::string task_id) {
        const std::lock_guard lock(mutex_);
        wants_token_ = true;
        tokens_[std::move(token)] = std::move(task_id);
    }
    void forget(const std::string& token) {
        const std::lock_guard lock(mutex_);
        tokens_.erase(token);
    }

    void forget_id(const std::string& id) {
        const std::lock_guard lock(mutex_);
        if (seen_.erase(id) != 0) std::erase(order_, id);
    }

    Result<PushNotification> receive(const Headers& headers, std::string_view body, Timestamp now) {
        if (body.size() > options_.max_body_bytes) {
            return fail(Error::invalid_field(
                "body", "is longer than " + std::to_string(options_.max_body_bytes) + " bytes"));
        }
        PushNotification notification;
        notification.id = only_header(headers, "webhook-id");
        if (auto error = check_signature(headers, notification.id, body, now))
            return fail(std::move(*error));
        auto event = json::decode<StreamResponse>(body);
        if (!event) return fail(std::move(event.error()));
        notification.event = std::move(*event);
        notification.task_id = task_of(notification.event);
        const std::lock_guard lock(mutex_);
        if (auto error = check_token(headers, notification.task_id)) return fail(std::move(*error));
        notification.repeated = !notification.id.empty() && !remember(notification.id);
        return notification;
    }

private:
    [[nodiscard]] std::optional<Error> check_signature(const Headers& headers, std::string_view id,
                                                       std::string_view body, Timestamp now) const {
        if (secrets_.empty() && public_keys_.empty()) return std::nullopt;
        const std::string_view timestamp = only_header(headers, "webhook-timestamp");
        const std::string_view signatures = only_header(headers, "webhook-signature");
        if (id.empty() || timestamp.empty() || signatures.empty())
            return refused("webhook-id, webhook-timestamp and webhook-signature are needed, once");
        std::int64_t seconds = 0;
        const auto [end, error] =
            std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
        if (error != std::errc{} || end != timestamp.data() + timestamp.size())
            return refused("webhook-timestamp must be a number of seconds");
        const auto at = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
        const auto most =
            std::chrono::duration_cast<std::chrono::seconds>(options_.tolerance).count();
        if (seconds < at - most) return refused("webhook-timestamp is too old");
        if (seconds > at + most) return refused("webhook-timestamp is in the future");
        std::string text;
        text.append(id).append(".").append(timestamp).append(".").append(body);
        if (is_signed(signatures, text)) return std::nullopt;
        return refused("webhook-signature holds no signature of a known key");
    }

    [[nodiscard]] bool is_signed(std::string_view signatures, std::string_view text) const {
        while (!signatures.empty()) {
            const std::size_t space = std::min(signatures.find(' '), signatures.size());
            const std::string_view entry = signatures.substr(0, space);
            signatures.remove_prefix(std::min(space + 1, signatures.size()));
            const std::size_t comma = entry.find(',');
            if (comma == std::string_view::npos) continue;
            const auto signature = push::decode_base64(entry.substr(comma + 1));
            if (!signature) continue;
            const std::string_view version = entry.substr(0, comma);
            const auto by_secret = [&](const std::string& key) {
                return same(push::hmac_sha256(key, text), *signature);
            };
            const auto by_key = [&](const std::string& key) {
                return verify_ed25519(key, text, *signature);
            };
            if (version == "v1" && std::ranges::any_of(secrets_, by_secret)) return true;
            if (version == "v1a" && std::ranges::any_of(public_keys_, by_key)) return true;
        }
        return false;
    }

    /// Under the lock.
    std::optional<Error> check_token(const Headers& headers, const std::string& task_id) {
        if (!wants_token_) return std::nullopt;
        std::string_view token = only_header(headers, "x-a2a-notification-token");
        if (token.empty()) token = only_header(headers, "a2a-notification-token");
        const auto found = std::ranges::find_if(
            tokens_, [&](const auto& entry) { return same(entry.first, token); });
        if (found == tokens_.end()) return refused("the notification carries no known token");
        if (found->second.empty()) found->second = task_id;
        if (task_id.empty() || found->second != task_id)
            return refused("the token was made for another task");
        return std::nullopt;
    }

    /// Under the lock. False: this id came before.
    bool remember(const std::string& id) {
        if (!seen_.insert(id).second) return false;
        order_.push_back(id);
        if (order_.size() > options_.max_remembered) {
            seen_.erase(order_.front());
            order_.pop_front();
        }
        return true;
    }

    const PushReceiverOptions options_;
    std::vector<std::string> secrets_;
    std::vector<std::string> public_keys_;
    std::mutex mutex_;
    bool wants_token_ = false;
    std::map<std::string, std::string> tokens_;  ///< Their tasks; empty: not known yet.
    std::unordered_set<std::string> seen_;
    std::deque<std::string> order_;
};

PushReceiver::PushReceiver(PushReceiverOptions options) : impl_(std::make_unique<Impl>(options)) {}
PushReceiver::~PushReceiver() = default;

std::string PushReceiver::new_token() {
    std::string bytes(kTokenBytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kTokenBytes) != 1)
        throw std::bad_alloc();
    std::string token = push::encode_base64(bytes);
    std::ranges::replace(token, '+', '-');
    std::ranges::replace(token, '/', '_');
    while (token.ends_with('=')) token.pop_back();
    impl_->add_token(token, {});
    return token;
}

void PushReceiver::expect(std::string task_id, std::string token) {
    impl_->add_token(std::move(token), std::move(task_id));
}

void PushReceiver::forget(const std::string& token) { impl_->forget(token); }

void PushReceiver::forget_id(const std::string& id) { impl_->forget_id(id); }

Result<PushNotification> PushReceiver::receive(const Headers& headers, std::string_view body) {
    return impl_->receive(headers, body, system_clock()->now());
}

Result<PushNotification> PushReceiver::receive(const Headers& headers, std::string_view body,
                                               Timestamp now) {
    return impl_->receive(headers, body, now);
}

}  // namespace a2akit
