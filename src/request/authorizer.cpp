#include <a2akit/request/authorizer.hpp>

namespace a2akit {

Result<OwnerScope> OwnerAuthorizer::authorize(const RequestEnvelope& envelope) {
    return OwnerScope{envelope.principal.name, envelope.tenant, false};
}

}  // namespace a2akit
