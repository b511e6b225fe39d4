#include "runtime/task_manager.hpp"

#include <a2akit/protocol/json.hpp>

#include <openssl/evp.h>

namespace a2akit {

std::array<std::uint8_t, 32> request_hash(const SendMessageRequest& request) {
    std::string canonical;
    if (request.tenant.empty()) {
        canonical = to_json(request);
    } else {
        SendMessageRequest without_tenant = request;
        without_tenant.tenant.clear();
        canonical = to_json(without_tenant);
    }
    std::array<std::uint8_t, 32> hash{};
    EVP_Digest(canonical.data(), canonical.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    return hash;
}

}  // namespace a2akit
