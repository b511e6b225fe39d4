#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/message.hpp>
#include <a2akit/worker/dependencies.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
}

namespace a2akit {

class Signal;

/// A view of text: std::string_view, and what converts to it but not to a std::string.
template <class T>
concept TextView =
    std::is_convertible_v<T, std::string_view> && !std::is_convertible_v<T, std::string>;

/// A file that came with a message: its bytes, or where they are.
struct FilePart {
    std::optional<std::string> bytes = {};
    std::optional<std::string> url = {};
    std::string filename = {};
    std::string media_type = {};
};

/// One call of `emit_artifact`: exactly one of text, data, bytes and url, or several `parts`. Its
/// fields can be set one by one, by designated initialisers, or in one expression:
/// `EmitArtifact::of_text("| a |").as("table").appended()`.
struct EmitArtifact {
    std::string artifact_id = "final-answer";
    std::optional<std::string> text = {};
    std::optional<RawJson> data = {};
    std::optional<std::string> bytes = {};
    std::optional<std::string> url = {};
    std::string media_type = {};
    std::string filename = {};
    std::string name = {};
    std::string description = {};
    /// True: adds to the artifact of that id, if there is one. False: starts or replaces it.
    bool append = false;
    bool last_chunk = false;
    RawJson metadata = {};  ///< The artifact's: a JSON object.
    std::vector<std::string> extensions = {};
    RawJson part_metadata = {};    ///< For the single part: a JSON object.
    std::vector<Part> parts = {};  ///< Each has its own media type, filename and metadata.

    [[nodiscard]] static EmitArtifact of_text(std::string text) {
        EmitArtifact artifact;
        artifact.text = std::move(text);
        return artifact;
    }
    [[nodiscard]] static EmitArtifact of_data(RawJson data) {
        EmitArtifact artifact;
        artifact.data = std::move(data);
        return artifact;
    }
    [[nodiscard]] static EmitArtifact of_bytes(std::string bytes, std::string media_type,
                                               std::string filename = {}) {
        EmitArtifact artifact;
        artifact.bytes = std::move(bytes);
        artifact.media_type = std::move(media_type);
        artifact.filename = std::move(filename);
        return artifact;
    }
    [[nodiscard]] static EmitArtifact of_url(std::string url, std::string media_type,
                                             std::string filename = {}) {
        EmitArtifact artifact;
        artifact.url = std::move(url);
        artifact.media_type = std::move(media_type);
        artifact.filename = std::move(filename);
        return artifact;
    }
    [[nodiscard]] static EmitArtifact of_parts(std::vector<Part> parts) {
        EmitArtifact artifact;
        artifact.parts = std::move(parts);
        return artifact;
    }
    /// The same under another artifact_id.
    [[nodiscard]] EmitArtifact as(std::string id) && {
        artifact_id = std::move(id);
        return std::move(*this);
    }
    /// The same with a name and a description.
    [[nodiscard]] EmitArtifact named(std::string its_name, std::string its_description = {}) && {
        name = std::move(its_name);
        description = std::move(its_description);
        return std::move(*this);
    }
    /// The same as a further piece: `append`, and `last_chunk` as given.
    [[nodiscard]] EmitArtifact appended(bool last = false) && {
        append = true;
        last_chunk = last;
        return std::move(*this);
    }
};

/// A message from the agent that is more than a text:
/// `ctx.respond({.parts = {Part::from_data(json)}})`.
struct AgentMessage {
    std::vector<Part> parts = {};              ///< At least one.
    RawJson metadata = {};                     ///< A JSON object.
    std::vector<std::string> extensions = {};  ///< URIs of the extensions that the message uses.
};

/// The content of `request_auth`: written into the status message as a data part, next to the text.
struct AuthRequest {
    std::string details = {};  ///< Human-readable explanation.
    std::vector<std::string> schemes = {};
    std::string url = {};

    [[nodiscard]] static AuthRequest of(std::string details, std::vector<std::string> schemes = {},
                                        std::string url = {}) {
        AuthRequest request;
        request.details = std::move(details);
        request.schemes = std::move(schemes);
        request.url = std::move(url);
        return request;
    }
};

/// Everything that a handler knows about its task and can do with it.
///
/// Use it on the task's own loop, in its handler and in coroutines that the handler awaits
/// (when_all and when_any included). A call that writes returns when Storage holds the update.
/// Every call that returns an Async has to be awaited: a forgotten co_await is a compiler warning,
/// and in a debug build of a2akit it ends the process with a message that names the call. A handler
/// makes exactly one turn-ending call (marked †) and then returns. References and views that a call
/// returns are valid as long as the context, which outlives the handler.
///
/// The exceptions that a call throws. Nothing was written then, except that for "unknown" the write
/// may have happened.
///
///     Exception, by its code
///       kTaskTerminal          the task has ended meanwhile: canceled, or ended by force
///       kTaskNotFound          the task does not exist any more
///       kLeaseLost             another node took over, or the task was ended by force
///       kStopped               the server is stopping and has handed this run back
///       kUnavailable           Storage stayed out of reach (unknown); the turn is tried again
///       any other              Storage refused the update, as its text says
///     Cancelled                the result is no longer wanted (core/when.hpp)
///     std::invalid_argument    an argument can't be sent, as its text says: for example text that
///                              is not UTF-8, or a RawJson that is not one JSON value
///     std::logic_error         a mistake in the handler: a call after a turn-ending one, or a
///                              direct reply of a worker without Worker::may_reply_directly
///
/// A handler should not catch the first five and Cancelled: the runtime handles them. Any other
/// exception that leaves the handler fails the task, unless the task was cancelled. Invalid UTF-8
/// in the reasons of `fail` and `reject` is replaced instead of refused.
///
/// A text may be given as a std::string, which is moved from, or as a std::string_view, which is
/// copied before the call returns its Async: what it points to need not live until the await.
class TaskContext {
public:
    virtual ~TaskContext() = default;

    // -- The task and its message
    [[nodiscard]] virtual const std::string& task_id() const noexcept = 0;
    [[nodiscard]] virtual const std::string& context_id() const noexcept = 0;
    [[nodiscard]] virtual const std::string& message_id() const noexcept = 0;
    [[nodiscard]] virtual const Message& message() const noexcept = 0;
    /// The text parts of the message, joined by newlines.
    [[nodiscard]] virtual std::string_view user_text() const noexcept = 0;
    [[nodiscard]] virtual const std::vector<Part>& parts() const noexcept = 0;
    [[nodiscard]] virtual std::vector<FilePart> files() const = 0;
    [[nodiscard]] virtual std::vector<RawJson> data_parts() const = 0;
    /// SendMessageRequest.metadata: persisted with the turn.
    [[nodiscard]] virtual const RawJson& metadata() const noexcept = 0;
    /// Headers and secrets of the request; never persisted in clear. Empty when they were lost with
    /// their node.
    [[nodiscard]] virtual const RequestContext& request_context() const noexcept = 0;
    /// The messages before this one, oldest first.
    [[nodiscard]] virtual const std::vector<Shared<Message>>& history() const noexcept = 0;
    /// The artifacts that earlier turns of this task produced.
    [[nodiscard]] virtual const std::vector<Shared<Artifact>>& previous_artifacts()
        const noexcept = 0;
    [[nodiscard]] virtual const std::vector<std::string>& reference_task_ids() const noexcept = 0;
    [[nodiscard]] virtual const std::vector<std::string>& message_extensions() const noexcept = 0;
    /// Extensions that are active for this request.
    [[nodiscard]] virtual const std::vector<std::string>& extensions() const noexcept = 0;
    /// The sender of this turn's message, with the sender's scopes. The task's owner, without
    /// scopes, when the request's context was lost with its node, or when no message started the
    /// turn.
    [[nodiscard]] virtual const Principal& principal() const noexcept = 0;
    [[nodiscard]] virtual const std::string& tenant() const noexcept = 0;
    [[nodiscard]] virtual const Dependencies& dependencies() const noexcept = 0;
    /// Whether the client accepts this media type; true if it named none. Wildcards ("text/*",
    /// "*/*") are understood.
    [[nodiscard]] virtual bool accepts(std::string_view media_type) const noexcept = 0;
    /// The media types that the client named, in its order of preference; empty when it named none
    /// and accepts any.
    [[nodiscard]] virtual const std::vector<std::string>& accepted_output_modes()
        const noexcept = 0;

    // -- This run
    [[nodiscard]] virtual bool is_cancelled() const noexcept = 0;
    /// Returns when the handler should stop soon: the task is cancelled, the run is lost, or the
    /// server's drain time is over. Any number of coroutines can wait. Throws Cancelled when only a
    /// sibling is the reason to end (core/when.hpp).
    virtual Async<void> cancelled() = 0;
    /// The same, but returns after `span` at the latest: false when there was no reason to stop
    /// meanwhile.
    virtual Async<bool> cancelled_within(Duration span) = 0;
    [[nodiscard]] virtual bool turn_ended() const noexcept = 0;
    /// 1 for the first run of this turn; more after a crash.
    [[nodiscard]] virtual int attempt() const noexcept = 0;
    /// The time at which a pending cancel is forced. Absent when none is pending. A handler that
    /// does not await `cancelled` sees it only after the next renewal of the run's lease.
    [[nodiscard]] virtual std::optional<Timestamp> deadline() const noexcept = 0;
    /// Writes lines with the task's and the request's id. To use it, include <spdlog/logger.h>.
    [[nodiscard]] virtual spdlog::logger& logger() noexcept = 0;

    // -- Resumable work
    /// The value that this task stored last, by `save_checkpoint` or with a question; empty for
    /// none.
    [[nodiscard]] virtual const RawJson& checkpoint() const noexcept = 0;
    virtual Async<void> save_checkpoint(RawJson value) = 0;
    /// One JSON value per contextId and owner; see ContextStore.
    virtual Async<RawJson> load_context() = 0;
    virtual Async<void> update_context(RawJson value) = 0;

    // -- Progress
    virtual Async<void> send_status(std::string text) = 0;
    virtual Async<void> send_status(AgentMessage message) = 0;
    template <TextView Text>
    Async<void> send_status(Text text) {
        return send_status(std::string(text));
    }
    virtual Async<void> emit_artifact(EmitArtifact artifact) = 0;
    virtual Async<void> emit_text_artifact(std::string text,
                                           std::string artifact_id = "final-answer",
                                           bool append = false, bool last_chunk = false) = 0;
    template <TextView Text>
    Async<void> emit_text_artifact(Text text, std::string artifact_id = "final-answer",
                                   bool append = false, bool last_chunk = false) {
        return emit_text_artifact(std::string(text), std::move(artifact_id), append, last_chunk);
    }
    virtual Async<void> emit_data_artifact(RawJson data,
                                           std::string artifact_id = "final-answer") = 0;

    // -- The end of the turn: exactly one of these †
    /// † Completed; with text, that text becomes one artifact.
    virtual Async<void> complete(std::optional<std::string> text = std::nullopt,
                                 std::string artifact_id = "final-answer") = 0;
    template <TextView Text>
    Async<void> complete(Text text, std::string artifact_id = "final-answer") {
        return complete(std::string(text), std::move(artifact_id));
    }
    virtual Async<void> complete_json(RawJson data,
                                      std::string artifact_id = "final-answer") = 0;  ///< †
    /// † Completed with a status message, no artifact.
    virtual Async<void> respond(std::string text) = 0;
    virtual Async<void> respond(AgentMessage message) = 0;  ///< †
    template <TextView Text>
    Async<void> respond(Text text) {
        return respond(std::string(text));
    }
    /// † The answer is a Message, not a task; once the client has seen the task, this is `respond`.
    /// Throws std::logic_error unless Worker::may_reply_directly returns true.
    virtual Async<void> reply_directly(std::string text) = 0;
    virtual Async<void> reply_directly(std::vector<Part> parts) = 0;  ///< †
    virtual Async<void> reply_directly(AgentMessage message) = 0;     ///< †
    template <TextView Text>
    Async<void> reply_directly(Text text) {
        return reply_directly(std::string(text));
    }
    virtual Async<void> fail(std::string reason) = 0;   ///< †
    virtual Async<void> fail(AgentMessage reason) = 0;  ///< †
    template <TextView Text>
    Async<void> fail(Text reason) {
        return fail(std::string(reason));
    }
    virtual Async<void> reject(std::string reason) = 0;   ///< †
    virtual Async<void> reject(AgentMessage reason) = 0;  ///< †
    template <TextView Text>
    Async<void> reject(Text reason) {
        return reject(std::string(reason));
    }
    /// † Paused: INPUT_REQUIRED. A checkpoint is stored in the same write as the question, so that
    /// the two always agree, even if the process dies.
    virtual Async<void> request_input(std::string question, RawJson checkpoint = {}) = 0;
    virtual Async<void> request_input(AgentMessage question, RawJson checkpoint = {}) = 0;  ///< †
    template <TextView Text>
    Async<void> request_input(Text question, RawJson checkpoint = {}) {
        return request_input(std::string(question), std::move(checkpoint));
    }
    /// † Paused: AUTH_REQUIRED. The checkpoint is stored as for `request_input`.
    virtual Async<void> request_auth(AuthRequest request, RawJson checkpoint = {}) = 0;

private:
    friend class BlockingWorker;
    /// Raised when `cancelled()` returns. Only one coroutine may wait for it at a time.
    [[nodiscard]] virtual Signal& stop_signal() noexcept = 0;
};

}  // namespace a2akit
