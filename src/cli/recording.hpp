#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/protocol/requests.hpp>

#include <string>
#include <string_view>
#include <vector>

// A recorded stream: JSON Lines, one event per line, as `a2akit record` writes them.
//
//   {"afterMs":12,"event":{"statusUpdate":{…}}}
//
// A line with "afterGap":true follows a cut in which events were lost. A line that holds the event
// alone, as `a2akit send --stream -o json` prints it, is read as one that came at once.

namespace a2akit::cli {

struct RecordedEvent {
    Duration after = {};  ///< Since the recording began.
    StreamResponse event = {};
    bool after_gap = false;
};

/// One line, with its end.
[[nodiscard]] std::string line_of(const RecordedEvent& recorded);
/// kInvalidParams when the line is not an event.
[[nodiscard]] Result<RecordedEvent> read_recorded(std::string_view line);
/// All events of a file. Throws Failure (usage, with the help of `command`) when the file can't be
/// read, holds no event, or a line is not an event.
[[nodiscard]] std::vector<RecordedEvent> read_recording(const std::string& path,
                                                        std::string_view command);

}  // namespace a2akit::cli
