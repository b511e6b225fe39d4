#pragma once

#include "client/attempts.hpp"
#include "client/authenticator.hpp"
#include "client/binding.hpp"
#include "client/file_body.hpp"
#include "client/http_client.hpp"

#include <a2akit/client/client_options.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace a2akit::client {

/// One call of an operation: what stays the same in all of its attempts.
struct Call {
    Operation operation{};
    OperationParams params;
    Headers headers = {};                  ///< Of this call alone: Idempotency-Key, Last-Event-ID.
    std::vector<OutgoingFile> files = {};  ///< Of a send.
};

/// The answer to a call that opens a stream.
struct OpenStream {
    std::unique_ptr<HttpStream> http;
    const Binding* binding = nullptr;           ///< Lives as long as the session.
    std::optional<ClientRequest> request = {};  ///< For the interceptors; nullopt: there are none.
    bool begun = true;  ///< Its head has arrived, and says that events follow.
};

/// One agent as a client sees it: its card, the interfaces that both sides speak, credentials. All
/// flavours of the client share it. Safe from any loop and thread.
class Session : public std::enable_shared_from_this<Session> {
public:
    /// `home`: the URL that the credentials were given for; empty: none. Throws Exception: see
    /// Client::connect.
    Session(AgentCard card, ClientOptions options, std::shared_ptr<HttpClient> http,
            const std::string& home);

    [[nodiscard]] const AgentCard& card() const noexcept { return card_; }
    [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }
    /// The binding in use.
    [[nodiscard]] const Binding& binding() const noexcept;
    /// The delays of one call or stream.
    [[nodiscard]] Backoff backoff() noexcept;

    /// Makes the call until it succeeds, or its attempts or its time are used up.
    AsyncResult<Reply> call(Call call);
    /// The same for a call that answers with a stream. `attempt`: the number of attempts that were
    /// made before, for the interceptors.
    Async<tl::expected<OpenStream, Failure>> open_once(Call call, int attempt);
    AsyncResult<OpenStream> open(Call call);

private:
    /// The attempts of one call.
    struct Progress {
        Backoff backoff;
        std::optional<SteadyTime> until;
        std::size_t binding;
        std::size_t bindings_tried = 1;
        int attempt = 1;
        bool refused = false;  ///< The agent refused credentials, and fresh ones are tried.
    };
    [[nodiscard]] Progress begin(Duration timeout);
    /// Waits until the next attempt; the failure when there is none.
    Async<std::optional<Failure>> before_next(Progress& progress, Failure failure,
                                              Operation operation);
    bool move_on(Progress& progress, const Failure& failure);
    void settle(const Progress& progress) noexcept;

    /// `events`: the call answers with a stream of events.
    AsyncResult<HttpRequest> prepare(const Call& call, const Progress& progress, bool events) const;
    Async<tl::expected<Reply, Failure>> call_once(const Call& call, const Progress& progress,
                                                  Duration timeout);
    Async<tl::expected<OpenStream, Failure>> open_at(const Call& call, const Progress& progress);

    AgentCard card_;
    ClientOptions options_;
    std::vector<std::unique_ptr<const Binding>> bindings_;
    std::atomic<std::size_t> current_ = 0;
    std::atomic<std::uint64_t> seed_;
    std::shared_ptr<HttpClient> http_;
    std::unique_ptr<Authenticator> authenticator_;
};

/// Waits for the head of the stream; the failure when no events follow.
Async<std::optional<Failure>> finish_opening(OpenStream& stream, const ClientOptions& options);

/// Lets the interceptors change a request, in order; returns the request as they left it, for
/// `report`. Nullopt when there are no interceptors.
AsyncResult<std::optional<ClientRequest>> intercept(const ClientOptions& options,
                                                    std::string_view operation, int attempt,
                                                    HttpRequest& request);
/// Tells the interceptors how it went. `failure`: null when there was a response.
void report(const ClientOptions& options, const std::optional<ClientRequest>& request, int status,
            const Error* failure);

/// Shows the interceptors bytes of a response's body.
void show(const ClientOptions& options, const std::optional<ClientRequest>& request,
          std::string_view bytes);

/// Adds the client's own headers and the user's; the user's win.
void add_headers(HttpRequest& request, const ClientOptions& options, Headers own);

/// What the response's status and headers add to the agent's error.
[[nodiscard]] Failure to_failure(Error error, const HttpHead& head);

}  // namespace a2akit::client
