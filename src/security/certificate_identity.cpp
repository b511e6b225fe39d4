#include "security/certificate_identity.hpp"

#include <string>

namespace a2akit::security {

bool CertificateIdentity::is_present(const RequestContext& context) const {
    return !context.value(kClientCertificate).empty();
}

AsyncResult<Principal> CertificateIdentity::identify(const RequestContext& context, LoginGuard&) {
    const std::string_view name = context.value(kClientCertificate);
    if (name.size() > kMaxNameBytes) {
        return Error{ErrorCode::kUnauthenticated,
                     "the name in the client's certificate is longer than " +
                         std::to_string(kMaxNameBytes) + " bytes",
                     nullptr};
    }
    return Principal{std::string(name), {}};
}

}  // namespace a2akit::security
