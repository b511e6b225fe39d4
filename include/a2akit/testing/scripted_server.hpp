#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace a2akit::testing {

/// One request that a ScriptedServer has read.
struct ScriptedRequest {
    std::string head = {};  ///< The request line and the headers, as they came.
    std::string body = {};
    std::size_t number = 0;  ///< Of all requests of the server, from 0 on.

    /// The value of a header, by its name in any case; empty when there is none.
    [[nodiscard]] std::string header(std::string_view name) const;
    /// "POST /message:send": method and target.
    [[nodiscard]] std::string line() const;
};

/// One connection, as a script writes to it. Every call returns false once the client has gone.
class ScriptedConnection {
public:
    virtual ~ScriptedConnection() = default;
    /// These bytes exactly.
    virtual bool send(std::string_view bytes) = 0;
    /// A whole response with a Content-Length.
    bool respond(std::string_view status, std::string_view content_type, std::string_view body);
    /// The head of an event stream; what is sent afterwards is its body.
    bool begin_stream();
    /// One server-sent event; an empty id: none.
    bool send_event(std::string_view id, std::string_view data);
    /// Sends these bytes a hundred times a second, until the client closes the connection or the
    /// server is destroyed.
    virtual void trickle(std::string_view bytes) = 0;
    /// What the client sends next; empty once it has gone, or when the server is destroyed.
    virtual std::string receive() = 0;
    /// Waits until the client closes the connection, or the server is destroyed.
    virtual void wait_for_close() = 0;
    /// Closes the connection with a reset instead of an end.
    virtual void reset() = 0;
};

/// An HTTP server on loopback that answers as a test says: correctly, late, wrong, without end, or
/// not at all. For tests of clients and of agents that call other agents.
///
///     testing::ScriptedServer server([](const auto& request, auto& connection) {
///         connection.begin_stream();
///         connection.send("data: {\"tas");   // and then the connection ends
///     });
///     Client client(parse_card(server.card()));
///
/// The script runs once per request, on a thread of the request's connection, several at a time.
/// The connection is closed when it returns; a client's further request comes on a new one.
class ScriptedServer {
public:
    using Script = std::function<void(const ScriptedRequest&, ScriptedConnection&)>;

    /// Throws std::system_error when it can't listen.
    explicit ScriptedServer(Script script);
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    /// Closes all connections and waits for the scripts.
    ~ScriptedServer();

    /// "http://127.0.0.1:PORT"
    [[nodiscard]] std::string url() const;
    /// The JSON of an agent card with one interface at this server.
    [[nodiscard]] std::string card(std::string_view binding = "JSONRPC",
                                   std::string_view version = "1.0") const;
    /// How many requests have been read.
    [[nodiscard]] std::size_t requests() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace a2akit::testing
