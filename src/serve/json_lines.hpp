#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/message.hpp>
#include <a2akit/worker/task_context.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The protocol of `serve --protocol jsonl` (docs/guides/exec-protocol.md): what the lines say,
// without any I/O.

namespace a2akit::serve {

/// What a command says in one line.
struct CommandLine {
    enum class Type : std::uint8_t {
        kStatus,
        kArtifact,
        kCheckpoint,
        kComplete,
        kRespond,
        kFail,
        kReject,
        kInputRequired,
        kAuthRequired,
    };
    Type type = Type::kStatus;
    /// The content: what stands in text, data, bytes, url and parts, in this order.
    std::vector<Part> parts = {};
    std::string text = {};  ///< Of the first text part.
    RawJson metadata = {};
    RawJson checkpoint = {};
    // Of an artifact.
    std::string artifact_id = "output";
    std::string name = {};
    std::string description = {};
    bool append = false;
    bool last_chunk = false;
    // Of a request for authorization.
    std::string auth_url = {};
    std::vector<std::string> schemes = {};

    [[nodiscard]] bool ends_turn() const noexcept { return type >= Type::kComplete; }
};

/// Reads one line. kInvalidParams, or kParseError, in words for the author of the command.
[[nodiscard]] Result<CommandLine> read_command_line(std::string_view line);

/// The line, newline included, that tells a command what it is asked.
[[nodiscard]] std::string message_line(const TaskContext& ctx);
/// The line that asks a command to stop.
[[nodiscard]] std::string cancel_line();

/// Divides bytes into lines. A line that is not finished is kept, however long it gets: the limit
/// on the command's output bounds it.
class LineReader {
public:
    void add(std::string_view bytes) { kept_.append(bytes); }
    /// The next whole line without its newline; at the end of the output also an unfinished one.
    /// Lines of nothing but white space are left out.
    [[nodiscard]] std::optional<std::string> next(bool at_end);
    /// The number of the last line handed out, counted from 1.
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    std::string kept_;
    std::size_t begin_ = 0;     ///< Of what was not handed out.
    std::size_t searched_ = 0;  ///< Where the search for a newline goes on.
    int number_ = 0;
};

}  // namespace a2akit::serve
