#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/error.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Both HTTP bindings of A2A 1.0 and 0.3 without any I/O: bytes in, typed requests out; typed
/// replies in, bytes out. `http` owns the sockets and asks here what the bytes mean.
namespace a2akit::wire {

using Version = ProtocolVersion;

/// Which versions are served, and how a request without A2A-Version is read
/// (docs/adr/0002-version-header.md).
struct Versions {
    bool v1_0 = true;
    bool v0_3 = true;
    bool strict = false;  ///< Calls that exist only in 1.0 need the header.
    bool chat = false;    ///< Chat completions are served besides.
};

/// The head of a request as `http` parsed it. Views into the connection's buffer.
struct RequestHead {
    std::string_view method;
    /// Path and query, still percent-encoded, without the server's base path.
    std::string_view target;
    /// Names in lower case, in the order received. `decode` moves them out into the call's context.
    std::vector<std::pair<std::string, std::string>>* headers = nullptr;

    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
};

/// A whole answer. `http` adds Date, Connection and Content-Length, and leaves the body out of an
/// answer to HEAD.
struct HttpResponse {
    int status = 200;
    std::string_view content_type;  ///< A literal; empty: no body.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// A request to a Resource.
struct ResourceRequest {
    RequestHead head;    ///< Valid until the response is there.
    std::string id;      ///< What the path has for "{id}", decoded.
    std::string query;   ///< Still percent-encoded, without '?'.
    std::string caller;  ///< The caller's address, for the log.
};

/// Something that a server has besides the operations of the protocol: one line in the table of its
/// site.
struct Resource {
    enum class Access {
        kEveryone,
        kOperator,  ///< Callers with the operator's token.
    };
    std::string_view method;  ///< "GET" answers HEAD too.
    /// "/health/ready", below the server's base path. A segment may be "{id}", or begin with it.
    std::string_view path;
    Access access = Access::kEveryone;
    bool metered = true;   ///< Counts towards the rate limit of the caller's address.
    bool at_root = false;  ///< Is also there without the server's base path.
    /// The response to a caller who has access.
    std::function<Async<HttpResponse>(ResourceRequest)> answer;
};
using Resources = std::vector<Resource>;

/// The resource at exactly this path; nullptr when there is none. Those with an "{id}" are not
/// found.
[[nodiscard]] const Resource* find_resource(const Resources& resources,
                                            std::string_view target) noexcept;

/// The kind of resource or operation that path and method name.
enum class RouteKind {
    kJsonRpc,    ///< POST /
    kOperation,  ///< An HTTP+JSON operation.
    kResource,   ///< One of the site's own.
};

struct Route {
    RouteKind kind{};
    Operation operation{};               ///< For kOperation.
    std::string tenant;                  ///< From the path; empty for none.
    const Resource* resource = nullptr;  ///< For kResource.
    std::string id;                      ///< The task's id from the path, decoded.
    std::string config_id;               ///< The push configuration's id from the path, decoded.
    bool under_v1 = false;               ///< Came by a /v1/ path.
    std::string query;                   ///< Still percent-encoded, without '?'.
    Version version{};                   ///< For kOperation: the version to read and answer in.
    Versions versions;                   ///< The versions that are served.
};

/// The form of the response that the binding and the version of a call need.
struct AnswerForm {
    bool json_rpc = false;
    /// The JSON-RPC id as JSON text; empty: a notification, no answer is sent. Of a chat
    /// completion, which has no such id: the name of the model as JSON text.
    std::string rpc_id;
    std::string_view content_type;  ///< Of the response; a literal.
    Version version = Version::k1_0;
    Operation operation{};
};

/// One call that was decoded and waits for its reply.
struct Call : AnswerForm {
    Call() noexcept {}  // Without it, all of the memory is filled with zeros before it is set up.
    RequestEnvelope envelope;
};

/// The content of a body. A JSON-RPC batch holds several entries: each is a call, or an error that
/// is already encoded as the JSON of its response.
struct Decoded {
    std::vector<std::variant<Call, std::string>> entries;
    bool batch = false;
};

/// The media type of an HTTP+JSON response: by Accept, else the request's type, else the protocol's
/// own type. A client that accepts neither is told so in plain JSON. A literal.
[[nodiscard]] std::string_view answer_type(const RequestHead& head) noexcept;

/// The version of the form in which to refuse a request whose body was not read: a request of
/// JSON-RPC tells its version by its method.
[[nodiscard]] Version version_of_refusal(const Route& route, const RequestHead& head);

/// Finds the route, of which `resources` come first, and checks everything that can be checked
/// before the body arrives: path (404), method (405 with Allow), Content-Type (415; on JSON-RPC
/// -32005; unless the body may turn out to be empty), Accept (406), protocol version, the limit on
/// the body (413). Returns the finished answer when the request is refused.
[[nodiscard]] std::variant<Route, HttpResponse> route(const RequestHead& head,
                                                      std::size_t max_body_bytes,
                                                      const Versions& versions = {},
                                                      const Resources& resources = {});

/// Reads the body (and the query) of a request to kJsonRpc or kOperation. The finished answer when
/// it is refused. Fills the envelope except for the fields that only `http` knows
/// (context.remote_address, context.request_id). The headers are moved into the context of the call
/// (a batch copies them for all but its last call), so read the head before.
[[nodiscard]] std::variant<Decoded, HttpResponse> decode(const Route& route,
                                                         const RequestHead& head,
                                                         std::string_view body);

/// The answer to a single call, or the error; to a notification 204, or 401 and 403 without a body.
/// REQUIRES: the reply is not a stream.
[[nodiscard]] HttpResponse encode(const Call& call, const HandledRequest& handled);

/// The head of a response to this call that is begun before its content is known, so that neither
/// the client nor a proxy gives up: 200, the type of the response, X-Accel-Buffering: no, the
/// activated extensions. White space may follow, then the body that `encode` makes. REQUIRES: the
/// call is not a notification.
[[nodiscard]] HttpResponse early_head(const AnswerForm& form,
                                      const std::vector<std::string>& activated);

/// One entry of a batch's answer, as JSON text; empty for a notification. A stream in a batch was
/// refused by `decode`.
[[nodiscard]] std::string encode_batch_entry(const Call& call, const HandledRequest& handled);
/// The whole answer to a batch; without a body when every entry was a notification. `extensions`:
/// those that its calls activated. `refused`: the error of a call without permission, whose
/// challenge goes into the head; null: none.
[[nodiscard]] HttpResponse encode_batch(const std::vector<std::string>& entries,
                                        const std::vector<std::string>& extensions,
                                        const Error* refused = nullptr);

/// The head of a stream's answer: 200, text/event-stream, Cache-Control: no-cache,
/// X-Accel-Buffering: no, the activated extensions.
[[nodiscard]] HttpResponse stream_head(const AnswerForm& form, const HandledRequest& handled);
/// Appends one SSE event: id, data; to `out`.
void encode_stream_item(const AnswerForm& form, const StreamItem& item, std::string& out);
/// Appends the end of a stream after its items: an error event, or a comment when draining.
void encode_stream_end(const AnswerForm& form, const EventStream::Batch& last, std::string& out);
/// Appends a comment line that keeps proxies from closing an idle stream.
void encode_heartbeat(std::string& out);

/// Errors that belong to HTTP alone (404 for a path, 405, 408, 411, 413, 431, 503 at a limit):
/// google.rpc.Status JSON, or a JSON-RPC error object when the path is that of JSON-RPC.
/// `content_type` is for the former (see `answer_type`); default application/json.
[[nodiscard]] HttpResponse http_error(int status, std::string_view message, bool json_rpc,
                                      std::string_view content_type = {});
/// The same in the form that follows from the head: its path, its version and its types.
[[nodiscard]] HttpResponse http_error(int status, std::string_view message, const RequestHead& head,
                                      const Versions& versions);
/// The same for an error of the protocol that is found before the request is read, under the HTTP
/// status that belongs to it.
[[nodiscard]] HttpResponse http_error(const Error& error, const RequestHead& head,
                                      const Versions& versions);

}  // namespace a2akit::wire
