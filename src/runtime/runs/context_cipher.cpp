#include "runtime/runs/context_cipher.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace a2akit {
namespace {

// Sealed: a byte that names this form, the nonce, the ciphertext, the tag.
constexpr char kForm = 1;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Bytes = std::vector<std::uint8_t>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext new_context() { return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free}; }

const std::uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}
std::uint8_t* bytes_of(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

void put_number(std::string& out, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xFF);
}

void put(std::string& out, std::string_view text) {
    put_number(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

std::string plain_form(const RequestContext& context) {
    std::string out;
    put_number(out, static_cast<std::uint32_t>(context.headers.size()));
    for (const auto& [name, value] : context.headers) {
        put(out, name);
        put(out, value);
    }
    put_number(out, static_cast<std::uint32_t>(context.values.size()));
    for (const auto& [name, value] : context.values) {
        put(out, name);
        put(out, value);
    }
    put(out, context.remote_address);
    put(out, context.request_id);
    if (context.sender) {
        put(out, context.sender->name);
        put_number(out, static_cast<std::uint32_t>(context.sender->scopes.size()));
        for (const std::string& scope : context.sender->scopes) put(out, scope);
    }
    return out;
}

/// Reads what plain_form wrote, here or in an earlier version, which knew no sender. It was
/// authenticated, so that its lengths are right.
class PlainReader {
public:
    explicit PlainReader(std::string_view plain) : left_(plain) {}

    std::uint32_t number() {
        std::uint32_t value = 0;
        for (const char byte : take(4)) value = (value << 8) | static_cast<std::uint8_t>(byte);
        return value;
    }
    std::string text() {
        const std::uint32_t size = number();
        return std::string(take(size));
    }
    [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

private:
    std::string_view take(std::size_t size) {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view left_;
};

RequestContext read_plain(std::string_view plain) {
    PlainReader reader(plain);
    RequestContext context;
    for (std::uint32_t left = reader.number(); left > 0; --left) {
        std::string name = reader.text();
        context.headers.emplace_back(std::move(name), reader.text());
    }
    for (std::uint32_t left = reader.number(); left > 0; --left) {
        std::string name = reader.text();
        context.values.emplace(std::move(name), reader.text());
    }
    context.remote_address = reader.text();
    context.request_id = reader.text();
    if (reader.at_end()) return context;
    Principal& sender = context.sender.emplace();
    sender.name = reader.text();
    for (std::uint32_t left = reader.number(); left > 0; --left)
        sender.scopes.push_back(reader.text());
    return context;
}

std::string associated_data(TaskId task, Turn turn) {
    std::string data = "a2akit context";
    data.append(reinterpret_cast<const char*>(task.bytes.data()), task.bytes.size());
    put_number(data, turn);
    return data;
}

std::optional<Bytes> from_hex(std::string_view text) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

std::optional<Bytes> from_base64(std::string_view text) {
    std::string padded(text);
    while (padded.size() % 4 != 0) padded += '=';
    Bytes bytes(padded.size() / 4 * 3);
    const int size =
        EVP_DecodeBlock(bytes.data(), bytes_of(padded), static_cast<int>(padded.size()));
    if (size < 0) return std::nullopt;
    const auto padding = std::count(padded.begin(), padded.end(), '=');
    bytes.resize(static_cast<std::size_t>(size - padding));
    return bytes;
}

}  // namespace

Result<ContextCipher> ContextCipher::from_text(std::string_view keys) {
    std::vector<Key> read;
    for (std::size_t at = 0; at <= keys.size();) {
        const auto end = std::min(keys.find(',', at), keys.size());
        const std::string_view text = keys.substr(at, end - at);
        const auto bytes = text.size() == 64 ? from_hex(text) : from_base64(text);
        Key key{};
        if (!bytes || bytes->size() != key.size()) {
            return fail(Error::invalid_field(
                "A2AKIT_CONTEXT_KEY", "key " + std::to_string(read.size() + 1) +
                                          " is not 32 bytes as 64 hexadecimal digits or as base64; "
                                          "`openssl rand -hex 32` makes one"));
        }
        std::copy(bytes->begin(), bytes->end(), key.begin());
        read.push_back(key);
        at = end + 1;
    }
    return ContextCipher(std::move(read));
}

Result<SealedContext> ContextCipher::seal(const RequestContext& context, TaskId task,
                                          Turn turn) const {
    const std::string plain = plain_form(context);
    const std::string about = associated_data(task, turn);
    SealedContext sealed;
    std::string& out = sealed.bytes;
    out.assign(1 + kNonceBytes + plain.size() + kTagBytes, '\0');
    out[0] = kForm;
    std::uint8_t* nonce = bytes_of(out) + 1;
    std::uint8_t* body = nonce + kNonceBytes;
    std::uint8_t* tag = body + plain.size();
    const CipherContext cipher = new_context();
    int size = 0;
    const bool done = cipher && RAND_bytes(nonce, kNonceBytes) == 1 &&
                      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                                         keys_.front().data(), nonce) == 1 &&
                      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(about),
                                        static_cast<int>(about.size())) == 1 &&
                      EVP_EncryptUpdate(cipher.get(), body, &size, bytes_of(plain),
                                        static_cast<int>(plain.size())) == 1 &&
                      EVP_EncryptFinal_ex(cipher.get(), tag, &size) == 1 &&
                      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1;
    if (!done) return fail(ErrorCode::kInternal, "the request's context could not be sealed");
    return sealed;
}

std::optional<RequestContext> ContextCipher::open(const SealedContext& sealed, TaskId task,
                                                  Turn turn) const {
    const std::string& in = sealed.bytes;
    if (in.size() < 1 + kNonceBytes + kTagBytes || in[0] != kForm) return std::nullopt;
    const std::string about = associated_data(task, turn);
    const std::uint8_t* nonce = bytes_of(in) + 1;
    const std::uint8_t* body = nonce + kNonceBytes;
    std::string plain(in.size() - 1 - kNonceBytes - kTagBytes, '\0');
    std::array<std::uint8_t, kTagBytes> tag{};
    std::memcpy(tag.data(), body + plain.size(), kTagBytes);
    for (const Key& key : keys_) {
        const CipherContext cipher = new_context();
        int size = 0;
        const bool opened =
            cipher &&
            EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce) == 1 &&
            EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(about),
                              static_cast<int>(about.size())) == 1 &&
            EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, body,
                              static_cast<int>(plain.size())) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
            EVP_DecryptFinal_ex(cipher.get(), tag.data(), &size) == 1;
        if (opened) return read_plain(plain);
    }
    return std::nullopt;
}

}  // namespace a2akit
