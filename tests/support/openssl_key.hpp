#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>

namespace a2akit::test_support {

/// A new private key as PEM text: "RSA" (2048 bits), "EC" (P-256), "ED25519" or "X25519".
inline std::string private_key_pem(const std::string& type) {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type.c_str(), nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_keygen_init(context);
    if (type == "EC") EVP_PKEY_CTX_set_group_name(context, "P-256");
    EVP_PKEY_generate(context, &key);
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    return pem;
}

}  // namespace a2akit::test_support
