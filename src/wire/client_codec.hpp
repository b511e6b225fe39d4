#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace a2akit::wire {

/// The client's half of one version of the protocol, without any I/O: parameters out, replies and
/// events in. What comes from an agent is read leniently: unknown fields and enum values are
/// passed over.
///
/// Stateless, safe from any thread. `json_rpc` says which binding.
class ClientCodec {
public:
    struct HttpCall {
        std::string_view method;
        std::string path;  ///< With the query; follows the URL of the interface and the tenant.
        std::string body;  ///< Empty: none.
    };

    [[nodiscard]] virtual std::string_view version() const noexcept = 0;
    /// The header that names the extensions that the client asks for.
    [[nodiscard]] virtual std::string_view extensions_header() const noexcept = 0;
    /// The media type of the bodies of HTTP+JSON.
    [[nodiscard]] virtual std::string_view content_type() const noexcept = 0;

    /// The JSON-RPC method; empty when this version has no such operation.
    [[nodiscard]] virtual std::string_view rpc_method(Operation operation) const noexcept = 0;
    /// Appends the JSON-RPC parameters.
    virtual void write_rpc_params(std::string& out, Operation operation,
                                  const OperationParams& params) const = 0;
    /// The HTTP+JSON call; nullopt when this version has no such operation.
    [[nodiscard]] virtual std::optional<HttpCall> http_call(
        Operation operation, const OperationParams& params) const = 0;

    /// REQUIRES: the operation is not one that answers with a stream.
    [[nodiscard]] virtual Result<Reply> read_reply(std::string_view json, Operation operation,
                                                   bool json_rpc) const = 0;
    [[nodiscard]] virtual Result<StreamResponse> read_event(std::string_view json,
                                                            bool json_rpc) const = 0;

protected:
    ~ClientCodec() = default;
};

/// The codec of "1.0" or "0.3", with or without a patch number; null for another version.
[[nodiscard]] const ClientCodec* client_codec(std::string_view version) noexcept;

/// Reads an agent card of either version; a card of both is read as 1.0.
[[nodiscard]] Result<AgentCard> read_card(std::string_view json);

}  // namespace a2akit::wire
