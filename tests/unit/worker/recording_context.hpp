#pragma once

#include <a2akit/core/error.hpp>
#include <a2akit/core/loop.hpp>
#include <a2akit/worker/task_context.hpp>

#include <spdlog/spdlog.h>

#include <string>
#include <vector>

namespace a2akit {

/// A TaskContext that notes what is called, and that it is called on its loop.
class RecordingContext final : public TaskContext {
public:
    explicit RecordingContext(Loop& home) : loop(home) {
        input.parts.push_back(Part::from_text("hello"));
    }

    Loop& loop;
    Message input;
    std::vector<std::string> calls;
    bool refuse = false;

    const std::string& task_id() const noexcept override { return id_; }
    const std::string& context_id() const noexcept override { return id_; }
    const std::string& message_id() const noexcept override { return id_; }
    const Message& message() const noexcept override { return input; }
    std::string_view user_text() const noexcept override { return *input.parts[0].text(); }
    const std::vector<Part>& parts() const noexcept override { return input.parts; }
    std::vector<FilePart> files() const override { return {}; }
    std::vector<RawJson> data_parts() const override { return {}; }
    const RawJson& metadata() const noexcept override { return json_; }
    const RequestContext& request_context() const noexcept override { return request_; }
    const std::vector<Shared<Message>>& history() const noexcept override { return history_; }
    const std::vector<Shared<Artifact>>& previous_artifacts() const noexcept override {
        return artifacts_;
    }
    const std::vector<std::string>& reference_task_ids() const noexcept override { return names_; }
    const std::vector<std::string>& message_extensions() const noexcept override { return names_; }
    const std::vector<std::string>& extensions() const noexcept override { return names_; }
    const Principal& principal() const noexcept override { return principal_; }
    const std::string& tenant() const noexcept override { return id_; }
    const Dependencies& dependencies() const noexcept override { return dependencies_; }
    bool accepts(std::string_view) const noexcept override { return true; }
    const std::vector<std::string>& accepted_output_modes() const noexcept override {
        return names_;
    }
    bool is_cancelled() const noexcept override { return stop.is_set(); }
    Async<void> cancelled() override { return wait_for_stop(); }
    Async<bool> cancelled_within(Duration span) override {
        co_return co_await stop.wait_until(loop.now() + span);
    }
    bool turn_ended() const noexcept override { return false; }
    int attempt() const noexcept override { return 1; }
    std::optional<Timestamp> deadline() const noexcept override { return std::nullopt; }
    spdlog::logger& logger() noexcept override { return *spdlog::default_logger_raw(); }
    const RawJson& checkpoint() const noexcept override { return json_; }
    Async<void> save_checkpoint(RawJson) override { return note("save_checkpoint"); }
    Async<RawJson> load_context() override {
        calls.emplace_back("load_context");
        return RawJson(R"({"n":1})");
    }
    Async<void> update_context(RawJson) override { return note("update_context"); }
    Async<void> send_status(std::string) override { return note_later("send_status"); }
    Async<void> send_status(AgentMessage) override { return note("send_status message"); }
    Async<void> emit_artifact(EmitArtifact) override { return note("emit_artifact"); }
    Async<void> emit_text_artifact(std::string, std::string, bool, bool) override {
        return note("emit_text_artifact");
    }
    Async<void> emit_data_artifact(RawJson, std::string) override {
        return note("emit_data_artifact");
    }
    Async<void> complete(std::optional<std::string> text, std::string artifact_id) override {
        return note("complete " + text.value_or("-") + " " + artifact_id);
    }
    Async<void> complete_json(RawJson, std::string) override { return note("complete_json"); }
    Async<void> respond(std::string) override { return note("respond"); }
    Async<void> respond(AgentMessage) override { return note("respond message"); }
    Async<void> reply_directly(std::string) override { return note("reply_directly text"); }
    Async<void> reply_directly(std::vector<Part>) override { return note("reply_directly parts"); }
    Async<void> reply_directly(AgentMessage) override { return note("reply_directly message"); }
    Async<void> fail(std::string) override { return note("fail"); }
    Async<void> fail(AgentMessage) override { return note("fail message"); }
    Async<void> reject(std::string) override { return note("reject"); }
    Async<void> reject(AgentMessage) override { return note("reject message"); }
    Async<void> request_input(std::string, RawJson) override { return note("request_input"); }
    Async<void> request_input(AgentMessage, RawJson) override {
        return note("request_input message");
    }
    Async<void> request_auth(AuthRequest, RawJson) override { return note("request_auth"); }

    Signal stop;

private:
    Signal& stop_signal() noexcept override { return stop; }
    Async<void> note(std::string what) {
        calls.push_back(Loop::current() == &loop ? what : what + " on the wrong thread");
        if (refuse) throw Exception(Error{ErrorCode::kTaskTerminal, "the task has ended", nullptr});
        return {};
    }
    Async<void> note_later(std::string what) {
        co_await yield();
        co_await note(std::move(what));
    }
    Async<void> wait_for_stop() { co_await stop.wait(); }

    std::string id_ = "id";
    RawJson json_;
    RequestContext request_;
    std::vector<Shared<Message>> history_;
    std::vector<Shared<Artifact>> artifacts_;
    std::vector<std::string> names_;
    Principal principal_;
    Dependencies dependencies_;
};

}  // namespace a2akit
