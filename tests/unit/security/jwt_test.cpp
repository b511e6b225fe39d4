#include "security/jwt.hpp"
#include "security/jwt_identity.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/json/json.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace a2akit::security {
namespace {

using std::chrono::seconds;

const Timestamp kNow{seconds(1'800'000'000)};

std::string base64url(std::string_view bytes) {
    constexpr const char* kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        for (count += 8; count >= 6;) text += kDigits[(bits >> (count -= 6)) & 63U];
    }
    if (count != 0) text += kDigits[(bits << (6 - count)) & 63U];
    return text;
}

std::string bytes_of(const BIGNUM* number, int size = 0) {
    std::string bytes(static_cast<std::size_t>(std::max(size, BN_num_bytes(number))), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    return bytes;
}

/// A private key of the test, and its public half as a JWK.
class SigningKey {
public:
    SigningKey(const char* type, const char* group, std::string id) : id_(std::move(id)) {
        EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
        EVP_PKEY* key = nullptr;
        EVP_PKEY_keygen_init(context);
        if (group != nullptr) EVP_PKEY_CTX_set_group_name(context, group);
        EVP_PKEY_generate(context, &key);
        EVP_PKEY_CTX_free(context);
        key_.reset(key);
    }

    [[nodiscard]] std::string jwk(const std::string& more = {}) const {
        return "{" + members() + (id_.empty() ? "" : R"(,"kid":")" + id_ + "\"") + more + "}";
    }
    [[nodiscard]] std::string parameter(const char* name, int size = 0) const {
        BIGNUM* number = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &number);
        std::string bytes = bytes_of(number, size);
        BN_free(number);
        return base64url(bytes);
    }
    [[nodiscard]] std::string sign(const std::string& data, bool pss = false) const {
        const bool rsa = EVP_PKEY_is_a(key_.get(), "RSA") == 1;
        const bool ec = EVP_PKEY_is_a(key_.get(), "EC") == 1;
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_PKEY_CTX* parameters = nullptr;
        EVP_DigestSignInit_ex(context, &parameters, rsa || ec ? "SHA256" : nullptr, nullptr,
                              nullptr, key_.get(), nullptr);
        if (pss) {
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
        }
        std::string signature(1024, '\0');
        std::size_t size = signature.size();
        auto* const out = reinterpret_cast<unsigned char*>(signature.data());
        EVP_DigestSign(context, out, &size, reinterpret_cast<const unsigned char*>(data.data()),
                       data.size());
        EVP_MD_CTX_free(context);
        signature.resize(size);
        return ec ? raw(signature) : signature;
    }

private:
    [[nodiscard]] std::string members() const {
        if (EVP_PKEY_is_a(key_.get(), "RSA") == 1)
            return R"("kty":"RSA","n":")" + parameter(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
                   parameter(OSSL_PKEY_PARAM_RSA_E) + "\"";
        if (EVP_PKEY_is_a(key_.get(), "EC") == 1)
            return R"("kty":"EC","crv":"P-256","x":")" + parameter(OSSL_PKEY_PARAM_EC_PUB_X, 32) +
                   R"(","y":")" + parameter(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"";
        std::string raw_key(32, '\0');
        std::size_t size = raw_key.size();
        EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw_key.data()),
                                    &size);
        return R"("kty":"OKP","crv":"Ed25519","x":")" + base64url(raw_key) + "\"";
    }
    static std::string raw(const std::string& der) {
        const auto* data = reinterpret_cast<const unsigned char*>(der.data());
        ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
        std::string both =
            bytes_of(ECDSA_SIG_get0_r(pair), 32) + bytes_of(ECDSA_SIG_get0_s(pair), 32);
        ECDSA_SIG_free(pair);
        return both;
    }

    std::string id_;
    KeyHandle key_;
};

const SigningKey& rsa() {
    static const SigningKey kKey("RSA", nullptr, "rsa");
    return kKey;
}
const SigningKey& ec() {
    static const SigningKey kKey("EC", "P-256", "ec");
    return kKey;
}
const SigningKey& ed() {
    static const SigningKey kKey("ED25519", nullptr, "ed");
    return kKey;
}

std::string claims(const std::string& more = {}, long expires = 60) {
    const long now = static_cast<long>(kNow.time_since_epoch().count() / 1000);
    return R"({"iss":"https://issuer.example","aud":["a2a","other"],"sub":"alice","exp":)" +
           std::to_string(now + expires) + more + "}";
}
std::string unsigned_token(const std::string& header, const std::string& body) {
    return base64url(header) + "." + base64url(body);
}
std::string token(const SigningKey& key, const std::string& header, const std::string& body,
                  bool pss = false) {
    const std::string data = unsigned_token(header, body);
    return data + "." + base64url(key.sign(data, pss));
}
std::string header(const std::string& algorithm, const std::string& id,
                   const std::string& more = {}) {
    return R"({"alg":")" + algorithm + R"(","kid":")" + id + "\"" + more + "}";
}

class JwtTest : public ::testing::Test {
protected:
    JwtTest() {
        rules.algorithms = {"RS256", "PS256", "ES256", "EdDSA"};
        rules.issuer = "https://issuer.example";
        rules.audience = "a2a";
        keys = *JwkSet::parse(R"({"keys":[)" + rsa().jwk() + "," + ec().jwk() + "," + ed().jwk() +
                              "]}");
    }
    Result<Principal> check(const std::string& text) const {
        auto read = read_jwt(text, rules);
        if (!read) return fail(read.error());
        const Jwk* const key = keys.find(read->key_id, *read->algorithm);
        if (key == nullptr) return fail(ErrorCode::kUnauthenticated, "no key");
        if (!verify(*read->algorithm, *key, read->signed_part, read->signature))
            return fail(ErrorCode::kUnauthenticated, "its signature is wrong");
        return check_claims(*read, rules, kNow);
    }
    std::string why(const std::string& text) const {
        const auto principal = check(text);
        return principal ? "accepted" : principal.error().message;
    }
    std::string why_claims(const std::string& body) const {
        return why(token(ec(), header("ES256", "ec"), body));
    }
    JwtRules rules;
    JwkSet keys;
};

TEST_F(JwtTest, EachAlgorithmIsVerified) {
    for (const auto& [name, key, pss] : {std::tuple{"RS256", &rsa(), false},
                                         {"PS256", &rsa(), true},
                                         {"ES256", &ec(), false},
                                         {"EdDSA", &ed(), false}}) {
        const std::string id = key == &rsa() ? "rsa" : key == &ec() ? "ec" : "ed";
        const std::string good =
            token(*key, header(name, id), claims(R"(,"scope":"read write")"), pss);
        const auto principal = check(good);
        ASSERT_TRUE(principal) << name << ": " << principal.error().message;
        EXPECT_EQ(principal->name, "alice");
        EXPECT_EQ(principal->scopes, (std::vector<std::string>{"read", "write"}));
        for (const std::size_t at : {good.find('.') + 5, good.rfind('.') + 5, good.size() - 20}) {
            std::string forged = good;
            forged[at] = forged[at] == 'A' ? 'B' : 'A';
            EXPECT_EQ(why(forged), "its signature is wrong") << name << " at " << at;
        }
    }
}

TEST_F(JwtTest, AlgorithmsAndKeysAreNotConfused) {
    const std::string none = unsigned_token(R"({"alg":"none"})", claims()) + ".";
    EXPECT_EQ(why(none), "its algorithm is not allowed");
    EXPECT_EQ(why(unsigned_token(R"({"alg":"NONE"})", claims()) + "."),
              "its algorithm is not allowed");
    // The public key, as everybody has it, taken for the secret of a symmetric algorithm.
    const std::string data = unsigned_token(header("HS256", "rsa"), claims());
    const std::string secret = rsa().jwk();
    unsigned char mac[32];
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(data.data()), data.size(), mac, nullptr);
    EXPECT_EQ(why(data + "." + base64url({reinterpret_cast<const char*>(mac), 32})),
              "its algorithm is not allowed");
    EXPECT_EQ(why(token(ec(), header("ES256", "rsa"), claims())), "no key");
    EXPECT_EQ(why(token(rsa(), header("PS256", "rsa"), claims())), "its signature is wrong");
    EXPECT_EQ(why(token(rsa(), header("ES256", "ec"), claims())), "its signature is wrong");
    rules.algorithms = {"ES256"};
    EXPECT_EQ(why(token(rsa(), header("RS256", "rsa"), claims())), "its algorithm is not allowed");
    // A key that the token brings along.
    const SigningKey own("EC", "P-256", "own");
    EXPECT_EQ(why(token(own, R"({"alg":"ES256","kid":"ec","jwk":)" + own.jwk() + "}", claims())),
              "its signature is wrong");
    // The empty signature of r = s = 0.
    const std::string zero = unsigned_token(header("ES256", "ec"), claims());
    EXPECT_EQ(why(zero + "." + base64url(std::string(64, '\0'))), "its signature is wrong");
}

TEST_F(JwtTest, TheClaimsAreChecked) {
    EXPECT_EQ(why_claims(claims()), "accepted");
    EXPECT_EQ(why_claims(claims({}, -59)), "accepted");
    EXPECT_EQ(why_claims(claims({}, -60)), "it has expired");
    EXPECT_EQ(why_claims(R"({"iss":"https://issuer.example","aud":"a2a","sub":"alice"})"),
              "it has no expiry");
    const std::string late = R"({"iss":"https://issuer.example","aud":"a2a","sub":"a","exp":1e9)";
    EXPECT_EQ(why_claims(late + "9}"), "its claims are malformed");
    EXPECT_EQ(why_claims(claims(R"(,"nbf":1800000060)")), "accepted");
    EXPECT_EQ(why_claims(claims(R"(,"nbf":1800000061)")), "it is not valid yet");
    EXPECT_EQ(why_claims(claims(R"(,"iat":1800000061)")), "it was issued in the future");
    EXPECT_EQ(why_claims(claims(R"(,"exp":1900000000)")), "its claims are malformed");
    const auto with = [](const std::string& iss, const std::string& aud, const std::string& sub) {
        return R"({"iss":)" + iss + R"(,"aud":)" + aud + R"(,"sub":)" + sub +
               R"(,"exp":1800000060})";
    };
    const std::string iss = R"("https://issuer.example")";
    EXPECT_EQ(why_claims(with(iss, R"("a2a")", R"("a")")), "accepted");
    EXPECT_EQ(why_claims(with(R"("https://issuer.example/")", R"("a2a")", R"("a")")),
              "it is of another issuer");
    EXPECT_EQ(why_claims(with(iss, R"(["b","A2A"])", R"("a")")), "it is for another audience");
    EXPECT_EQ(why_claims(with(iss, "[]", R"("a")")), "it is for another audience");
    EXPECT_EQ(why_claims(with(iss, R"("a2a")", R"("")")), "it names no subject");
    EXPECT_EQ(why_claims(with(iss, R"("a2a")", "7")), "its claims are malformed");
    EXPECT_EQ(why_claims(with(iss, R"("a2a")", "\"" + std::string(257, 'a') + "\"")),
              "its subject is too long");
    EXPECT_EQ(why_claims("[]"), "its claims are malformed");
    EXPECT_EQ(why_claims("{"), "its claims are malformed");
    rules.scopes = {"write"};
    EXPECT_EQ(why_claims(claims(R"(,"scp":["read","write"])")), "accepted");
    const auto refused =
        check(token(ec(), header("ES256", "ec"), claims(R"(,"scope":"read writer")")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
}

TEST_F(JwtTest, OnlyAccessTokensInTheCompactFormAreRead) {
    const std::string body = claims();
    for (const char* type : {"JWT", "at+jwt", "application/at+jwt"})
        EXPECT_EQ(
            why(token(ec(), header("ES256", "ec", R"(,"typ":")" + std::string(type) + "\""), body)),
            "accepted");
    for (const char* type : {"logout+jwt", "dpop+jwt", "JOSE"})
        EXPECT_EQ(
            why(token(ec(), header("ES256", "ec", R"(,"typ":")" + std::string(type) + "\""), body)),
            "its type is not that of an access token");
    EXPECT_EQ(why(token(ec(), header("ES256", "ec", R"(,"crit":["exp"])"), body)),
              "its header demands an extension");
    EXPECT_EQ(why(token(ec(), header("ES256", "ec", R"(,"b64":false)"), body)),
              "its header demands an extension");
    EXPECT_EQ(why(token(ec(), header("ES256", "ec", R"(,"alg":"ES256")"), body)),
              "its header is malformed");
    const std::string good = token(ec(), header("ES256", "ec"), body);
    EXPECT_EQ(why(good + "=="), "its parts are not base64url");
    EXPECT_EQ(why(good + ".a"), "it does not have three parts");
    EXPECT_EQ(why(good.substr(0, good.rfind('.'))), "it does not have three parts");
    EXPECT_EQ(why(""), "it does not have three parts");
    EXPECT_EQ(why(std::string(8193, 'a')), "it is longer than 8192 bytes");
    EXPECT_EQ(why(token(ec(), std::string(200, '['), body)), "its header is malformed");
}

TEST_F(JwtTest, AKeyIsFoundByItsIdOrAlone) {
    EXPECT_EQ(why(token(ec(), R"({"alg":"ES256"})", claims())), "accepted");
    const SigningKey other("EC", "P-256", "other");
    ASSERT_TRUE(keys.add(other.jwk()));
    EXPECT_EQ(why(token(ec(), R"({"alg":"ES256"})", claims())), "no key");
    EXPECT_EQ(why(token(other, header("ES256", "other"), claims())), "accepted");
    EXPECT_EQ(why(token(other, header("ES256", "nobody"), claims())), "no key");
}

TEST_F(JwtTest, UnsuitableKeysAreLeftOut) {
    JwkSet set;
    EXPECT_FALSE(set.add(R"({"kty":"oct","k":"AAAA"})"));
    EXPECT_FALSE(set.add(ec().jwk(R"(,"use":"enc")")));
    EXPECT_FALSE(set.add(ec().jwk(R"(,"key_ops":["sign"])")));
    EXPECT_TRUE(set.add(ec().jwk(R"(,"key_ops":["verify"])")));
    // A point that is not on the curve.
    EXPECT_FALSE(set.add(R"({"kty":"EC","crv":"P-256","x":")" + base64url(std::string(32, '\1')) +
                         R"(","y":")" + base64url(std::string(32, '\1')) + R"("})"));
    EXPECT_FALSE(set.add(R"({"kty":"RSA","e":"AQAB","n":")" + base64url(std::string(128, '\xff')) +
                         R"("})"));
    EXPECT_FALSE(set.add(R"({"kty":"RSA","e":"AQAB","n":")" + base64url(std::string(2048, '\xff')) +
                         R"("})"));
    EXPECT_FALSE(JwkSet::parse("[]"));
    EXPECT_FALSE(JwkSet::parse(R"({"keys":[)"));
    EXPECT_EQ(JwkSet::parse(R"({"keys":[{"kty":"oct"},7]})")->size(), 0U);
}

TEST(Jwk, TheExamplesOfTheSpecificationsVerify) {
    // RFC 7515, appendix A.3; RFC 8037, appendix A.4.
    const auto keys = JwkSet::parse(R"({"keys":[{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
    ASSERT_TRUE(keys);
    for (const auto& [name, data, text] : std::vector<std::array<std::string, 3>>{
             {"ES256",
              "eyJhbGciOiJFUzI1NiJ9."
              "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
              "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
              "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
              "Kg6NU1Q"},
             {"EdDSA", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
              "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
              "MuM0KAg"}}) {
        const Algorithm& algorithm = *find_algorithm(name);
        const Jwk* const key = keys->find({}, algorithm);
        ASSERT_NE(key, nullptr);
        std::string signature;
        ASSERT_TRUE(decode_base64url(text, signature));
        EXPECT_TRUE(verify(algorithm, *key, data, signature)) << name;
        EXPECT_FALSE(verify(algorithm, *key, data + "x", signature)) << name;
    }
}

TEST(Base64url, IsStrict) {
    std::string out;
    EXPECT_TRUE(decode_base64url("", out));
    EXPECT_TRUE(decode_base64url("_-8", out));
    EXPECT_EQ(out, "\xff\xef");
    for (const char* wrong : {"a", "aa=", "a+b/", "ab c", "_-9"})
        EXPECT_FALSE(decode_base64url(wrong, out)) << wrong;
}

// -- Where the keys come from

class KeySourceTest : public ::testing::Test {
protected:
    void make(KeySourceOptions options) {
        source = std::make_unique<KeySource>(std::move(options), [this](const std::string& url) {
            ++fetches;
            const std::lock_guard lock(mutex);
            const auto found = texts.find(url);
            if (found == texts.end())
                return Result<std::string>(fail(ErrorCode::kUnavailable, "nobody answers"));
            return Result<std::string>(found->second);
        });
    }
    void serve(const std::string& url, std::string text) {
        const std::lock_guard lock(mutex);
        texts[url] = std::move(text);
    }
    Result<std::shared_ptr<const JwkSet>> ask(const std::string& id) {
        std::optional<Result<std::shared_ptr<const JwkSet>>> result;
        loop.start([&]() -> Async<void> {
                result = co_await source->keys_with([&](const JwkSet& keys) {
                    return keys.find(id, *find_algorithm("ES256")) != nullptr;
                });
            })
            .join();
        return std::move(*result);
    }
    test_support::ThreadLoop loop;
    std::mutex mutex;
    std::map<std::string, std::string> texts;
    std::atomic<int> fetches{0};
    std::unique_ptr<KeySource> source;
};

std::string set_of(const std::string& jwk) { return R"({"keys":[)" + jwk + "]}"; }

// The token expires in between, so that a second verification would refuse it.
TEST_F(KeySourceTest, ATokenIsVerifiedOnceForARequestWithALargeBody) {
    make({.url = "https://issuer.example/keys"});
    serve("https://issuer.example/keys", set_of(ec().jwk()));
    const auto clock = std::make_shared<testing::FakeClock>(kNow);
    JwtRules rules;
    rules.algorithms = {"ES256"};
    Identities identities(
        {std::make_shared<JwtIdentity>(
            std::move(rules), std::shared_ptr<KeySource>(std::move(source)), "a2a", clock)},
        std::make_shared<LoginGuard>());
    RequestEnvelope envelope;
    envelope.context.headers = {
        {"authorization", "Bearer " + token(ec(), header("ES256", "ec"), claims())}};
    loop.start([&]() -> Async<void> {
            EXPECT_TRUE(co_await identities.before_body(envelope.context));
            clock->advance(std::chrono::hours(1));
            EXPECT_TRUE(co_await identities.before_dispatch(envelope));
            EXPECT_EQ(envelope.principal.name, "alice");
            EXPECT_FALSE(co_await identities.before_dispatch(envelope)) << "of another request";
        })
        .join();
}

TEST_F(KeySourceTest, KeysAreFetchedOnceAndAgainForAnUnknownOne) {
    make({.url = "https://a/keys", .issuer = "", .min_refresh = Duration(0)});
    EXPECT_EQ(fetches, 0);
    serve("https://a/keys", set_of(ec().jwk()));
    ASSERT_TRUE(ask("ec"));
    ASSERT_TRUE(ask("ec"));
    EXPECT_EQ(fetches, 1);
    const SigningKey fresh("EC", "P-256", "fresh");
    serve("https://a/keys", set_of(fresh.jwk()));
    const auto keys = ask("fresh");
    ASSERT_TRUE(keys);
    EXPECT_NE((*keys)->find("fresh", *find_algorithm("ES256")), nullptr);
    EXPECT_EQ(fetches, 2);
}

TEST_F(KeySourceTest, UnknownKeysDoNotMakeItFetchMoreOftenThanAllowed) {
    make({.url = "https://a/keys", .issuer = "", .min_refresh = std::chrono::hours(1)});
    serve("https://a/keys", set_of(ec().jwk()));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(ask("forged-" + std::to_string(i)));
    EXPECT_EQ(fetches, 1);
}

TEST_F(KeySourceTest, WithoutAnyKeysItIsUnavailableAndWithOldOnesTheyAreUsed) {
    make({.url = "https://a/keys", .issuer = "", .min_refresh = Duration(0)});
    const auto none = ask("ec");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
    serve("https://a/keys", set_of(ec().jwk()));
    ASSERT_TRUE(ask("ec"));
    serve("https://a/keys", "an error page");
    const auto keys = ask("unknown");
    ASSERT_TRUE(keys);
    EXPECT_EQ((*keys)->size(), 1U);
}

TEST_F(KeySourceTest, AnIssuerNamesItsKeys) {
    make({.url = "", .issuer = "https://i.example/", .min_refresh = Duration(0)});
    const std::string metadata = "https://i.example/.well-known/openid-configuration";
    serve("https://i.example/keys", set_of(ec().jwk()));
    serve(metadata, R"({"issuer":"https://evil.example","jwks_uri":"https://i.example/keys"})");
    EXPECT_FALSE(ask("ec"));
    serve(metadata, R"({"issuer":"https://i.example/","jwks_uri":"https://i.example/keys"})");
    EXPECT_TRUE(ask("ec"));
}

TEST_F(KeySourceTest, AFileIsReadAndOnlyAllowedSchemesAreFetched) {
    EXPECT_FALSE(fetch_by_curl(false)("http://127.0.0.1:1/keys"));
    EXPECT_FALSE(fetch_by_curl(true)("ftp://127.0.0.1:1/keys"));
    EXPECT_FALSE(fetch_by_curl(true)("file:///nonexistent/keys"));
    const auto text = fetch_by_curl(false)("file:///proc/self/cmdline");
    EXPECT_TRUE(text) << text.error().message;
    const auto endless = fetch_by_curl(false)("file:///dev/zero");
    EXPECT_FALSE(endless);
}

}  // namespace
}  // namespace a2akit::security
