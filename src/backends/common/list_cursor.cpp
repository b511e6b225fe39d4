#include "backends/common/list_cursor.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace a2akit::backends {
namespace {

constexpr std::size_t kSignatureSize = 16;
constexpr std::uint8_t kFormat = 2;  // 1: tasks of one moment were in the order of their ids
using Body = std::array<std::uint8_t, 1 + 8 + 8 + 16 + 8>;
using Signature = std::array<std::uint8_t, kSignatureSize>;
constexpr std::size_t kTokenBytes = std::tuple_size_v<Body> + kSignatureSize;
constexpr std::size_t kTokenChars = (kTokenBytes + 2) / 3 * 4;

void put(std::uint8_t*& to, std::int64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        *to++ = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift);
    }
}

std::int64_t take(const std::uint8_t*& from) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | *from++;
    return static_cast<std::int64_t>(value);
}

Timestamp take_time(const std::uint8_t*& from) { return Timestamp(Duration(take(from))); }

Body to_body(const ListCursor& cursor) {
    Body body;
    std::uint8_t* to = body.data();
    *to++ = kFormat;
    put(to, cursor.started.time_since_epoch().count());
    put(to, cursor.last_time.time_since_epoch().count());
    std::memcpy(to, cursor.last_id.bytes.data(), 16);
    to += 16;
    put(to, cursor.total);
    return body;
}

ListCursor from_body(const std::uint8_t* from) {
    ListCursor cursor;
    ++from;
    cursor.started = take_time(from);
    cursor.last_time = take_time(from);
    std::memcpy(cursor.last_id.bytes.data(), from, 16);
    from += 16;
    cursor.total = take(from);
    return cursor;
}

// Every text is hashed with its length, so that different filters never hash the same bytes.
void add_text(std::string& signed_text, std::string_view text) {
    signed_text += std::to_string(text.size());
    signed_text += ':';
    signed_text += text;
}

Signature sign(const CursorCodec::Key& key, const std::uint8_t* body, const OwnerScope& scope,
               const ListQuery& query) {
    std::string text(reinterpret_cast<const char*>(body), std::tuple_size_v<Body>);
    text += scope.system ? 's' : 'o';
    add_text(text, scope.owner);
    add_text(text, scope.tenant);
    add_text(text, query.context_id);
    add_text(text, std::to_string(static_cast<int>(query.state)));
    if (query.status_after) {
        add_text(text, std::to_string(query.status_after->time_since_epoch().count()));
    }
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data(), &size);
    Signature signature;
    std::memcpy(signature.data(), digest.data(), signature.size());
    return signature;
}

Error wrong_token() {
    return Error::invalid_field(
        "pageToken",
        "is not a token of this listing; send the nextPageToken of the page before, with the same "
        "filters, or none to start over");
}

}  // namespace

CursorCodec::Key CursorCodec::random_key() {
    Key key;
    // Not of OpenSSL, as the key of `keyed_hash`.
    if (::getentropy(key.data(), key.size()) != 0) std::abort();
    return key;
}

std::string CursorCodec::write(const ListCursor& cursor, const OwnerScope& scope,
                               const ListQuery& query) const {
    const Body body = to_body(cursor);
    const Signature signature = sign(key_, body.data(), scope, query);
    std::array<std::uint8_t, kTokenBytes> bytes;
    std::memcpy(bytes.data(), body.data(), body.size());
    std::memcpy(bytes.data() + body.size(), signature.data(), signature.size());
    std::array<std::uint8_t, kTokenChars + 1> text{};
    ::EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
    std::string token(reinterpret_cast<const char*>(text.data()), kTokenChars);
    for (char& c : token) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    return token;
}

Result<ListCursor> CursorCodec::read(const std::string& token, const OwnerScope& scope,
                                     const ListQuery& query) const {
    if (token.size() != kTokenChars) return wrong_token();
    std::string text = token;
    for (char& c : text) {
        // None of them is ever written; OpenSSL would read '=' as 'A'.
        if (c == '+' || c == '/' || c == '=') return wrong_token();
        if (c == '-') c = '+';
        if (c == '_') c = '/';
    }
    std::array<std::uint8_t, kTokenChars / 4 * 3> bytes{};
    const int size =
        ::EVP_DecodeBlock(bytes.data(), reinterpret_cast<const std::uint8_t*>(text.data()),
                          static_cast<int>(text.size()));
    if (size < static_cast<int>(kTokenBytes) || bytes[0] != kFormat) return wrong_token();
    const Signature expected = sign(key_, bytes.data(), scope, query);
    const std::uint8_t* given = bytes.data() + std::tuple_size_v<Body>;
    if (::CRYPTO_memcmp(given, expected.data(), expected.size()) != 0) return wrong_token();
    return from_body(bytes.data());
}

}  // namespace a2akit::backends
