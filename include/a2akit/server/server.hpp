#pragma once

#include <a2akit/emitter/lifecycle_hooks.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/authorizer.hpp>
#include <a2akit/request/middleware.hpp>
#include <a2akit/server/settings.hpp>
#include <a2akit/worker/blocking_worker.hpp>
#include <a2akit/worker/worker.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

struct CardConfig;

/// Makes the extended card for one caller (specification 1.0, section 3.1.11). `card` is the public
/// one, to be added to; the server adds to the result what it adds to the public one. An error
/// refuses the call. Called on a loop, for each request; must not block.
using ExtendedCardProvider =
    std::function<AsyncResult<CardConfig>(Principal caller, std::string tenant, CardConfig card)>;

/// The id of the skill that a message is for (specification 1.0, section 4.4.5); empty when the
/// message is for no particular one. Messages of the protocol do not name a skill, so only the
/// agent knows. Called on a loop, for each message that is sent; must not block.
using SkillOf = std::function<std::string(const RequestEnvelope& message)>;

/// The agent card as an author writes it. The server adds what it knows: interfaces, protocol
/// versions, and "text/plain" where no modes are named.
struct CardConfig {
    std::string name = {};
    std::string description = {};
    std::string version = {};
    std::optional<AgentProvider> provider = {};
    /// None: one, made from name and description. Tags: its id.
    std::vector<AgentSkill> skills = {};
    /// Default text/plain; messages with other parts are refused.
    std::vector<std::string> input_modes = {};
    std::vector<std::string> output_modes = {};  ///< Default text/plain.
    bool streaming = true;
    bool push_notifications = false;
    bool extended_agent_card = false;  ///< True wherever `extended_card` is set.
    /// Callers that are not anonymous get an extended card from it.
    ExtendedCardProvider extended_card = {};
    std::vector<AgentExtension> extensions = {};
    std::map<std::string, SecurityScheme> security_schemes = {};
    std::vector<SecurityRequirement> security_requirements = {};
    std::optional<std::string> documentation_url = {};
    std::optional<std::string> icon_url = {};
    std::vector<AgentCardSignature> signatures = {};
};

/// One of several agents of a server: see ServerOptions::agents.
struct AgentOptions {
    /// Its path below the server's base path: 1 to 63 lower-case letters, digits, '-' and '_', the
    /// first a letter or a digit; not one of the server's own paths (admin, health, v1, tasks).
    /// Stored with each of its tasks, so an agent that is renamed no longer finds them.
    std::string name = {};
    std::shared_ptr<Worker> worker = {};
    CardConfig card = {};
    std::vector<std::shared_ptr<Middleware>> middlewares = {};  ///< After those of the server.
    std::shared_ptr<Authorizer> authorizer = {};                ///< Default: the server's.
    std::shared_ptr<LifecycleHooks> hooks = {};                 ///< Default: the server's.
    std::shared_ptr<Dependencies> dependencies = {};            ///< Default: the server's.
    SkillOf skill_of = {};                                      ///< As ServerOptions::skill_of.
};

struct ServerOptions {
    std::shared_ptr<Worker> worker = {};
    CardConfig card = {};
    Settings settings = {};
    std::vector<std::shared_ptr<Middleware>> middlewares = {};
    std::shared_ptr<Authorizer> authorizer = {};  ///< Default: OwnerAuthorizer.
    std::shared_ptr<LifecycleHooks> hooks = {};
    std::shared_ptr<Dependencies> dependencies = {};
    /// With it, the security requirements of the skill that it names are enforced beside those of
    /// the card. Without it, or when it names no skill of the card, a message is for any of the
    /// skills: its caller has to fulfil the requirements of one of them at least.
    SkillOf skill_of = {};
    /// Several agents behind one port, instead of `worker` and `card`, which stay empty. Each is
    /// served below its name as a server of its own would be, card and health included; the
    /// operator's paths stay at the base path, and /.well-known/ai-catalog.json lists the agents.
    /// They share the ports, the threads and the limits, and no agent sees the tasks of another.
    /// Over gRPC, whose paths are fixed, a call names its agent as the tenant, as the cards say.
    ///
    /// Nodes that share a broker serve the same agents: a turn that reaches a node without its
    /// agent is not run there but handed on, which takes time.
    std::vector<AgentOptions> agents = {};
    Ports ports = {};
    /// Called once the server listens, with its base URL, by the thread that starts it; for tests
    /// and supervisors. It may stop the server. An exception that it throws stops the server, and
    /// `start` or `run` throws it on.
    std::function<void(std::string url)> on_listening = {};
};

/// An agent, or several, behind HTTP or HTTPS: JSON-RPC and HTTP+JSON on one port.
class Server {
public:
    explicit Server(ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Serves until SIGTERM or SIGINT, drains, and returns the exit status: 0, or 1 after a message
    /// on stderr that says what was wrong (a setting, a port in use). `main` returns this status. A
    /// second signal hands unfinished runs back immediately. A handler that does not return even
    /// then does not keep the process from ending: it exits with 0 without waiting for it.
    int run();

    /// The same in pieces, for programs with a main of their own. `start` returns once the server
    /// listens.
    Result<void> start();
    /// Drains and stops; returns when everything has ended. Safe from any thread; idempotent. In a
    /// handler, a hook or a middleware it only begins the drain and returns, because the drain
    /// waits for the handler; the destructor (or `run`) waits for the drain. There it throws
    /// std::system_error when the system allows no further thread. A port or dependencies whose
    /// own stop has not ended three seconds after the drain time are left behind, with the loops'
    /// threads, and the log names them.
    ///
    /// A handler that has not returned ten seconds after the drain time is left behind too, and the
    /// log says so: it goes on, with the threads and ports of this server, which end when it
    /// returns. A handler that awaits something has lost its task, which was handed back: another
    /// process, or the next server on the same storage, runs the turn again, and what the handler
    /// still writes is refused. A handler that blocks its thread keeps its task until it returns.
    /// Whatever the handler uses has to outlive it.
    void stop();

    /// Reads the files of the settings again: the certificate with its key and the authorities of
    /// clients (docs/guides/tls.md), API keys, names with passwords, and keys of tokens that are in
    /// a file; the audit log goes on in a new file when its own was moved away. Certificates hold
    /// for connections that begin from now on; those that exist go on. All of it is renewed, or
    /// nothing: with an error, which is logged too, everything stays as it was. `run` does this
    /// when the process receives SIGHUP. kUnavailable when the server does not run. Safe from any
    /// thread that runs no handler.
    Result<void> reload();

    /// REQUIRES: started.
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::string url() const;

    /// Continues a task that waits for authorization (AUTH_REQUIRED), once its credentials have
    /// arrived out of band: a new turn, whose handler finds them where the application put them. It
    /// has the user's last message, but not what accompanied it (metadata, output modes, the
    /// request's context), which belonged to the turn before. kUnsupportedOperation in any other
    /// state; kTaskNotFound. REQUIRES: started, not stopped; called on a thread that runs no
    /// handler.
    Result<void> resume(TaskId task);

    /// Turns that were given up after too many lost runs, in the order of their tasks' ids, those
    /// behind `after`. REQUIRES: started, not stopped; called on a thread that runs no handler.
    [[nodiscard]] Result<std::vector<DeadLetter>> dead_letters(
        std::optional<TaskId> after = std::nullopt, int limit = 100);
    /// Tries the turn of a dead letter again, as a new task of the same owner and context, and
    /// returns that task. A second redrive returns the same task. kTaskNotFound when there is no
    /// such dead letter. REQUIRES: as for dead_letters.
    Result<TaskId> redrive(TaskId dead_letter);

    /// Push notification configurations whose deliveries were given up, in the order of their keys,
    /// those behind `after`. REQUIRES: as for dead_letters.
    [[nodiscard]] Result<std::vector<PushDeadLetter>> push_dead_letters(
        std::optional<Uuid> after = std::nullopt, int limit = 100);
    /// Delivers to such a configuration again, from the event on that was not delivered.
    /// kTaskNotFound when there is no such dead letter. REQUIRES: as for dead_letters.
    Result<void> redrive_push(Uuid dead_letter);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  ///< Shared with a stop that is left behind.
};

}  // namespace a2akit
