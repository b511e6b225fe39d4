#pragma once

#include <a2akit/client/local_file.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace a2akit::cli {

/// Adds TEXT, --text, --file, --data and --media-type to a command, and reads them back in the
/// order of the command line (a2a-cli specification 0.2, section 10.2).
class PartFlags {
public:
    explicit PartFlags(CLI::App& command);

    /// The parts in the order in which they were given. Reads the files of --data, and stdin for
    /// "-"; those of --file are read while they are sent, but for pipes. Throws Failure (usage): a
    /// --media-type that follows no part, a file that can't be read.
    [[nodiscard]] std::vector<OutgoingPart> read() const;

private:
    CLI::App& command_;
    std::vector<std::string> positional_;
    std::vector<std::string> texts_;
    std::vector<std::string> files_;
    std::vector<std::string> data_;
    std::vector<std::string> media_types_;
};

}  // namespace a2akit::cli
