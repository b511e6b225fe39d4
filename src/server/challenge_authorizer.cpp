#include "server/challenge_authorizer.hpp"

namespace a2akit {

ChallengeAuthorizer::ChallengeAuthorizer(std::shared_ptr<Authorizer> next)
    : next_(next ? std::move(next) : std::make_shared<OwnerAuthorizer>()) {}

Result<OwnerScope> ChallengeAuthorizer::authorize(const RequestEnvelope& envelope) {
    Result<OwnerScope> scope = next_->authorize(envelope);
    if (scope || !metadata_) return scope;
    return fail(
        security::with_resource_metadata(std::move(scope.error()), metadata_(envelope.context)));
}

}  // namespace a2akit
