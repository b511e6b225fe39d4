#pragma once

#include "security/identity.hpp"

#include <a2akit/request/authorizer.hpp>

#include <memory>
#include <utility>

namespace a2akit {

/// Another Authorizer, in whose refusals the challenge says where the caller gets its tokens
/// (RFC 9728, section 5.1).
class ChallengeAuthorizer final : public Authorizer {
public:
    /// `next` null: an OwnerAuthorizer.
    explicit ChallengeAuthorizer(std::shared_ptr<Authorizer> next);
    /// Before any request.
    void name_resource_metadata(security::Identities::ResourceMetadata url_for) {
        metadata_ = std::move(url_for);
    }
    Result<OwnerScope> authorize(const RequestEnvelope& envelope) override;

private:
    const std::shared_ptr<Authorizer> next_;
    security::Identities::ResourceMetadata metadata_;  ///< Empty: there are none.
};

}  // namespace a2akit
