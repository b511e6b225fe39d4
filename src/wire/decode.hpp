#pragma once

#include "wire/endpoint.hpp"
#include "wire/service_parameters.hpp"

namespace a2akit::wire {

/// The two bindings' halves of `decode`. The headers are still the head's.
[[nodiscard]] std::variant<Decoded, HttpResponse> decode_json_rpc(const Route& route, const RequestHead& head,
                                                                  const ServiceParameters& parameters,
                                                                  std::string_view body);
[[nodiscard]] Result<Call> decode_http_json(const Route& route, const RequestHead& head,
                                            const ServiceParameters& parameters, std::string_view body);

/// Checks what both bindings check once the parameters are read, and fills the envelope with the rest.
[[nodiscard]] Result<void> complete(const Route& route, const ServiceParameters& parameters,
                                    std::vector<FieldViolation> violations, RequestEnvelope& envelope);

}  // namespace a2akit::wire
