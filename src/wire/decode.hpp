#pragma once

#include "json/cursor.hpp"
#include "wire/endpoint.hpp"
#include "wire/service_parameters.hpp"

namespace a2akit::wire {

/// A few bytes of JSON become an element of a hundred: without a cap, a large body would need ten
/// times its size.
inline constexpr json::Limits kRequestLimits{.max_elements = 10'000};

/// The two bindings' halves of `decode`. The headers are still the head's. Calls are large, so they
/// are filled where they stay.
[[nodiscard]] std::optional<HttpResponse> decode_json_rpc(const Route& route,
                                                          const RequestHead& head,
                                                          const ServiceParameters& parameters,
                                                          std::string_view body, Decoded& decoded);
[[nodiscard]] Result<void> decode_http_json(const Route& route, const RequestHead& head,
                                            const ServiceParameters& parameters,
                                            std::string_view body, Call& call);

/// The refusal of a body whose Content-Type can't be read; nothing when it can.
[[nodiscard]] std::optional<HttpResponse> check_body_type(const Route& route,
                                                          const RequestHead& head);

/// Adds an empty call.
[[nodiscard]] inline Call& add_call(Decoded& decoded) {
    return std::get<Call>(decoded.entries.emplace_back(std::in_place_type<Call>));
}

/// Adds the fields that could not be read, so that they are named together with those that
/// `complete` finds. Returns the error if it is not about fields.
[[nodiscard]] Result<void> note_violations(const Result<void>& read,
                                           std::vector<FieldViolation>& violations);

/// Checks what both bindings check once the parameters are read, and fills the envelope with the
/// rest.
[[nodiscard]] Result<void> complete(const Route& route, const ServiceParameters& parameters,
                                    std::vector<FieldViolation> violations,
                                    RequestEnvelope& envelope);

/// If the fields of a send that could not be read are those of another version or binding, adds
/// that to the error. `params`: the JSON that could not be read in `form`.
void name_other_form(std::string_view params, const AnswerForm& form, Error& error);

}  // namespace a2akit::wire
