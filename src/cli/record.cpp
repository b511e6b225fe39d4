#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/failure.hpp"
#include "cli/parts.hpp"
#include "cli/recording.hpp"
#include "cli/turn.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

namespace a2akit::cli {
namespace {

/// A new file. A recording is not written over another one.
class NewFile {
public:
    explicit NewFile(const std::string& path)
        : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
        if (file_ >= 0) return;
        if (errno == EEXIST)
            throw usage("the file " + path + " exists already; name another one", "record");
        throw failed();
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    /// A recording without an event leaves no file.
    ~NewFile() {
        if (file_ < 0) return;
        if (is_empty_) ::unlink(path_.c_str());
        ::close(file_);
    }

    /// Whole lines, so that a recording that is interrupted can be read.
    void write(std::string_view line) {
        is_empty_ = false;
        while (!line.empty()) {
            const ssize_t written = ::write(file_, line.data(), line.size());
            if (written < 0 && errno != EINTR) throw failed();
            if (written > 0) line.remove_prefix(static_cast<std::size_t>(written));
        }
    }

private:
    [[nodiscard]] Failure failed() const {
        return Failure(LocalError::kInternal, "the file " + path_ + " can't be written: " +
                                                  std::generic_category().message(errno));
    }

    std::string path_;
    int file_;
    bool is_empty_ = true;
};

struct RecordFlags {
    std::string file;
    std::string subscribe;
};

std::unique_ptr<Agent::Events> open_stream(Agent& agent, const Session& session,
                                           const RecordFlags& flags,
                                           std::vector<OutgoingPart> parts) {
    if (!agent.can_stream()) {
        throw Failure("UnsupportedOperationError", "the card says that the agent does not stream",
                      {}, {});
    }
    if (flags.subscribe.empty()) return agent.stream(make_request(session, std::move(parts)));
    return agent.subscribe(flags.subscribe);
}

int run_record(const Session& session, const RecordFlags& flags, std::vector<OutgoingPart> parts) {
    if (parts.empty() == flags.subscribe.empty()) {
        throw usage(parts.empty() ? "there is nothing to record; give a message, or --subscribe"
                                  : "--subscribe follows a task, and sends no message",
                    "record");
    }
    Agent agent(session);
    NewFile file(flags.file);
    const auto start = std::chrono::steady_clock::now();
    const auto events = open_stream(agent, session, flags, std::move(parts));
    Console& console = session.console();
    Standing standing;
    std::size_t count = 0;
    while (auto event = events->next()) {
        const auto after = std::chrono::steady_clock::now() - start;
        standing.update(*event);
        session.remember_task(standing.task_id);
        file.write(
            line_of({std::chrono::floor<Duration>(after), std::move(*event), events->after_gap()}));
        console.progress(std::to_string(++count) + " events");
        // Some streams stay open while the task waits for its client.
        if (is_interrupted(standing.state)) break;
    }
    if (console.is_json()) {
        console.json_line(R"({"events":)" + std::to_string(count) + "}");
    } else {
        console.field("Events", std::to_string(count));
    }
    return kExitSuccess;
}

}  // namespace

void add_record(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<RecordFlags>();
    const auto parts = std::make_shared<PartFlags>(command);
    command.add_option("--to", flags->file, "The file to write; it must not exist yet")
        ->option_text("FILE")
        ->required();
    command.add_option("--subscribe", flags->subscribe, "Record the stream of this task instead")
        ->option_text("TASK");
    program.add_settings(command, {"task-id", "context-id", "metadata"});
    program.add_agent_settings(command);
    program.on_chosen(command, [flags, parts](const Session& session) {
        return run_record(session, *flags, parts->read());
    });
}

}  // namespace a2akit::cli
