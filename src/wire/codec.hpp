#pragma once

#include "json/cursor.hpp"
#include "wire/endpoint.hpp"

#include <a2akit/core/clock.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace a2akit::wire {

/// Reads and writes one version of the protocol: which methods it has, how parameters are read, and
/// how replies, events and errors are written. All differences between the versions are behind this
/// interface; framing, routing, headers, limits and checks are shared, and code outside of `wire`
/// does not know a version.
///
/// Stateless: there is one object per version (see `codec`), safe from any thread. `json_rpc` says
/// which binding.
class Codec {
public:
    /// The operation that a JSON-RPC method names; nothing when this version has no such method.
    [[nodiscard]] virtual std::optional<Operation> operation_by_name(
        std::string_view method) const noexcept = 0;

    /// Reads the value at the cursor into `params`, which hold the operation's alternative, as
    /// json::read does.
    virtual bool read_params(json::Cursor& cursor, bool json_rpc,
                             OperationParams& params) const = 0;

    /// Appends the value of a reply, without the JSON-RPC envelope.
    virtual void write_reply(std::string& out, const Reply& reply,
                             const AnswerForm& form) const = 0;
    /// Appends the value of a stream's event, likewise.
    virtual void write_event(std::string& out, const StreamResponse& event,
                             const AnswerForm& form) const = 0;

    /// Appends {"jsonrpc":"2.0","id":…,"error":{…}}. `rpc_id` is JSON text; empty: null.
    virtual void append_json_rpc_error(std::string& out, std::string_view rpc_id,
                                       const Error& error, Timestamp now) const = 0;
    /// Appends the body of a failed HTTP+JSON call. `http_status` is the status of the response.
    virtual void append_http_error(std::string& out, const Error& error, int http_status,
                                   Timestamp now) const = 0;
    /// The HTTP status of an error in HTTP+JSON.
    [[nodiscard]] virtual int http_status(const Error& error) const noexcept = 0;
    /// True when even a refusal of this operation is the first event of a stream, in JSON-RPC.
    [[nodiscard]] virtual bool refuses_in_stream(Operation operation) const noexcept = 0;

    /// The header that names extensions in a response.
    [[nodiscard]] virtual std::string_view extensions_header() const noexcept = 0;

protected:
    ~Codec() = default;
};

[[nodiscard]] const Codec& codec(Version version) noexcept;

}  // namespace a2akit::wire
