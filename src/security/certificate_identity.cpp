#include "security/certificate_identity.hpp"

#include <string>

namespace a2akit::security {

AsyncResult<void> CertificateIdentity::before_dispatch(RequestEnvelope& envelope) {
    const std::string_view name = envelope.context.value(kClientCertificate);
    if (name.empty() || name.size() > kMaxNameBytes) {
        return Error{ErrorCode::kUnauthenticated,
                     name.empty() ? "the client's certificate has no subject and no single URI"
                                  : "the name in the client's certificate is longer than " +
                                        std::to_string(kMaxNameBytes) + " bytes",
                     nullptr};
    }
    envelope.principal.name = name;
    return Result<void>{};
}

}  // namespace a2akit::security
