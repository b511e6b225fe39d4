// What checking a JSON Web Token (ES256, with a key at hand) costs beside the one verification of
// its signature that OpenSSL has to make anyway. Not a test: run it on a quiet machine, in the
// release preset, and compare the CPU times.

#include "security/jwk.hpp"
#include "security/jwt.hpp"

#include <benchmark/benchmark.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace a2akit;
using namespace a2akit::security;

const Timestamp kNow{std::chrono::seconds(1'800'000'000)};

std::string base64url(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text.substr(0, text.find('='));
}

std::string bytes_of(const BIGNUM* number) {
    std::string bytes(32, '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), 32);
    return bytes;
}

/// A key, a token that it has signed, and the signature as OpenSSL makes it.
struct Signed {
    Signed() : key(EVP_EC_gen("P-256"), EVP_PKEY_free) {
        signed_part = base64url(R"({"alg":"ES256","kid":"k","typ":"at+jwt"})") + "." +
                      base64url(R"({"iss":"https://issuer.example","aud":["a2a"],"sub":"alice",)"
                                R"("scope":"read write","exp":1800000060,"iat":1800000000})");
        EVP_MD_CTX* const context = EVP_MD_CTX_new();
        std::size_t size = 100;
        der.resize(size);
        const bool done =
            EVP_DigestSignInit_ex(context, nullptr, "SHA256", nullptr, nullptr, key.get(),
                                  nullptr) == 1 &&
            EVP_DigestSign(context, reinterpret_cast<unsigned char*>(der.data()), &size,
                           reinterpret_cast<const unsigned char*>(signed_part.data()),
                           signed_part.size()) == 1;
        EVP_MD_CTX_free(context);
        if (!done) std::abort();
        der.resize(size);
        const auto* data = reinterpret_cast<const unsigned char*>(der.data());
        ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
        const std::string raw = bytes_of(ECDSA_SIG_get0_r(pair)) + bytes_of(ECDSA_SIG_get0_s(pair));
        ECDSA_SIG_free(pair);
        token = signed_part + "." + base64url(raw);
    }
    [[nodiscard]] JwkSet keys() const {
        return JwkSet::parse(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":")" +
                             parameter(OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" +
                             parameter(OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}]}")
            .value_or_throw();
    }
    [[nodiscard]] std::string parameter(const char* name) const {
        BIGNUM* number = nullptr;
        EVP_PKEY_get_bn_param(key.get(), name, &number);
        std::string text = base64url(bytes_of(number));
        BN_free(number);
        return text;
    }

    std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key;
    std::string signed_part;
    std::string der;
    std::string token;
};

void bare_verification(benchmark::State& state) {
    const Signed made;
    for (auto _ : state) {
        EVP_MD_CTX* const context = EVP_MD_CTX_new();
        EVP_DigestVerifyInit_ex(context, nullptr, "SHA256", nullptr, nullptr, made.key.get(),
                                nullptr);
        const int right = EVP_DigestVerify(
            context, reinterpret_cast<const unsigned char*>(made.der.data()), made.der.size(),
            reinterpret_cast<const unsigned char*>(made.signed_part.data()),
            made.signed_part.size());
        EVP_MD_CTX_free(context);
        if (right != 1) std::abort();
    }
}
BENCHMARK(bare_verification);

/// As JwtIdentity does it.
void token_of_a_request(benchmark::State& state) {
    const Signed made;
    const JwkSet keys = made.keys();
    JwtRules rules;
    rules.issuer = "https://issuer.example";
    rules.audience = "a2a";
    rules.scopes = {"read"};
    rules.algorithms = {"ES256"};
    for (auto _ : state) {
        const auto token = read_jwt(made.token, rules);
        if (!token) std::abort();
        const Jwk* const key = keys.find(token->key_id, *token->algorithm);
        if (key == nullptr ||
            !verify(*token->algorithm, *key, token->signed_part, token->signature))
            std::abort();
        const auto principal = check_claims(*token, rules, kNow);
        if (!principal) std::abort();
        benchmark::DoNotOptimize(principal->name);
    }
}
BENCHMARK(token_of_a_request);

}  // namespace

BENCHMARK_MAIN();
