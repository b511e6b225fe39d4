#include "cli/commands.hpp"

#include "cli/failure.hpp"
#include "cli/recording.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <variant>

namespace a2akit::cli {
namespace {

/// Follows a recorded stream, and notes what an agent must not do (A2A 1.0, sections 3.1.2 and
/// 4.2).
class Auditor {
public:
    /// Faults of this event, as sentences.
    std::vector<std::string> see(const StreamResponse& event) {
        faults_.clear();
        const bool is_first = !began_;
        began_ = true;
        if (ended_) fault("an event follows the end of the task");
        if (const auto* task = std::get_if<Task>(&event.payload)) {
            name(task->id, task->context_id);
            enter(task->status.state);
            for (const Shared<Artifact>& one : task->artifacts) known_.insert(one->artifact_id);
        } else if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload)) {
            if (is_first) fault("the stream does not begin with a Task or a Message");
            name(status->task_id, status->context_id);
            enter(status->status.state);
        } else if (const auto* artifact = std::get_if<TaskArtifactUpdateEvent>(&event.payload)) {
            if (is_first) fault("the stream does not begin with a Task or a Message");
            name(artifact->task_id, artifact->context_id);
            write(*artifact);
        } else if (std::holds_alternative<Message>(event.payload)) {
            if (!is_first) fault("a Message comes after other events");
            ended_ = true;
        }
        return faults_;
    }
    [[nodiscard]] bool is_settled() const noexcept { return ended_ || is_interrupted(state_); }

private:
    void fault(std::string text) { faults_.push_back(std::move(text)); }
    void name(const std::string& task, const std::string& context) {
        if (task_.empty()) task_ = task;
        if (context_.empty()) context_ = context;
        if (task != task_) fault("the event is of another task, " + task);
        if (context != context_) fault("the event is of another context, " + context);
    }
    void enter(TaskState state) {
        if (state == TaskState::kSubmitted && state_ == TaskState::kWorking)
            fault("the task goes back from working to submitted");
        state_ = state;
        ended_ = ended_ || is_terminal(state);
    }
    void write(const TaskArtifactUpdateEvent& event) {
        const std::string& id = event.artifact->artifact_id;
        if (finished_.contains(id) && event.append)
            fault("artifact " + id + " is appended to after its last chunk");
        if (event.append && !known_.contains(id))
            fault("artifact " + id + " is appended to, and was never begun");
        known_.insert(id);
        if (event.last_chunk) finished_.insert(id);
    }

    std::vector<std::string> faults_;
    std::string task_;
    std::string context_;
    TaskState state_ = TaskState::kUnspecified;
    bool began_ = false;
    bool ended_ = false;
    std::set<std::string> known_;
    std::set<std::string> finished_;
};

int audit(std::istream& in, Console& console) {
    Auditor auditor;
    int faults = 0;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const auto say = [&](const std::string& fault) {
            ++faults;
            console.field("Fault", "line " + std::to_string(number) + ": " + fault);
        };
        const auto recorded = read_recorded(line);
        if (!recorded) {
            say("not a StreamResponse");
            continue;
        }
        if (recorded->after_gap) say("the stream was cut before this event; others may be missing");
        for (const std::string& fault : auditor.see(recorded->event)) say(fault);
    }
    if (!auditor.is_settled()) {
        ++faults;
        console.field("Fault", "the stream ends before the task has settled");
    }
    console.field("Events", std::to_string(number));
    console.field("Faults", std::to_string(faults));
    return faults == 0 ? kExitSuccess : kExitFailure;
}

}  // namespace

void add_audit(CLI::App& command, Program& program) {
    const auto path = std::make_shared<std::string>();
    command
        .add_option("file", *path,
                    "A file of a2akit record, or JSON Lines of a stream; unset: stdin")
        ->option_text(" ");
    program.on_chosen_alone(command, [path, &program] {
        if (path->empty()) return audit(std::cin, program.console());
        std::ifstream file(*path);
        if (!file) throw usage("the file " + *path + " can't be read", "audit");
        return audit(file, program.console());
    });
}

}  // namespace a2akit::cli
