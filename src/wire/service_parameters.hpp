#pragma once

#include "wire/endpoint.hpp"

namespace a2akit::wire {

/// The service parameters of a request, from headers and query (specification 1.0, section 3.2.6).
struct ServiceParameters {
    std::vector<std::string> extensions;  ///< Each once, in order.
    std::string idempotency_key;
    std::string last_event_id;  ///< As sent; only a subscription reads it.
};

/// kInvalidParams naming a header that can't be used.
[[nodiscard]] Result<ServiceParameters> read_service_parameters(const RequestHead& head,
                                                                std::string_view query);

/// Puts them into the envelope, whose operation and params are set. kInvalidParams for a bad
/// Last-Event-ID.
[[nodiscard]] Result<void> apply(const ServiceParameters& parameters, RequestEnvelope& envelope);

}  // namespace a2akit::wire
