#include "cli/recording.hpp"

#include "cli/failure.hpp"
#include "json/codec.hpp"
#include "json/cursor.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace a2akit::cli {

std::string line_of(const RecordedEvent& recorded) {
    std::string line;
    json::Writer writer(line);
    writer.begin_object();
    writer.key("afterMs");
    writer.integer(recorded.after.count());
    if (recorded.after_gap) {
        writer.key("afterGap");
        writer.boolean(true);
    }
    writer.key("event");
    writer.raw(json::encode(recorded.event));
    writer.end_object();
    return line + "\n";
}

Result<RecordedEvent> read_recorded(std::string_view line) {
    RecordedEvent recorded;
    std::string_view event;
    std::int32_t after = 0;
    json::Cursor cursor(line, json::Mode::kLenient, json::kReadBack);
    (void)cursor.object([&](std::string_view key) {
        if (key == "afterMs") return cursor.int32(after);
        if (key == "afterGap") return cursor.boolean(recorded.after_gap);
        if (key == "event") return cursor.raw(event);
        return cursor.skip();
    });
    if (auto end = cursor.finish(); !end) return fail(std::move(end.error()));
    auto read = json::decode<StreamResponse>(event.empty() ? line : event, json::Mode::kLenient);
    if (!read) return fail(std::move(read.error()));
    if (read->payload.index() == 0)
        return fail(ErrorCode::kInvalidParams, "it holds no task, message or update");
    recorded.after = Duration(std::max(after, 0));
    recorded.event = std::move(*read);
    return recorded;
}

std::vector<RecordedEvent> read_recording(const std::string& path, std::string_view command) {
    std::ifstream file(path);
    if (!file) throw usage("the file " + path + " can't be read", command);
    std::vector<RecordedEvent> events;
    for (std::string line; std::getline(file, line);) {
        auto recorded = read_recorded(line);
        if (!recorded) {
            throw usage(path + ", line " + std::to_string(events.size() + 1) +
                            ": not an event of a stream: " + recorded.error().message,
                        command);
        }
        events.push_back(std::move(*recorded));
    }
    if (events.empty()) throw usage("the file " + path + " holds no event", command);
    return events;
}

}  // namespace a2akit::cli
