#include "security/basic_credentials.hpp"

#include "json/scalars.hpp"
#include "security/text.hpp"

#include <openssl/crypto.h>

namespace a2akit::security {
namespace {

constexpr std::string_view kScheme = "basic ";

}  // namespace

bool is_basic(std::string_view header) {
    return lower_case(trim(header).substr(0, kScheme.size())) == kScheme;
}

bool read_basic(std::string_view header, std::string& user, std::string& password) {
    if (!is_basic(header)) return false;
    std::string both;
    if (!json::decode_base64(trim(trim(header).substr(kScheme.size())), both)) return false;
    const std::size_t colon = both.find(':');
    if (colon != std::string::npos) {
        user = both.substr(0, colon);
        password = both.substr(colon + 1);
    }
    OPENSSL_cleanse(both.data(), both.size());
    return colon != std::string::npos;
}

}  // namespace a2akit::security
