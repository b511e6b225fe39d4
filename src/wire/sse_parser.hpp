#pragma once

#include <a2akit/core/result.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::wire {

struct SseEvent {
    std::string type;  ///< The "event" field; empty means "message".
    std::string data;  ///< Its lines joined by '\n'.
    std::string id;    ///< The last id the stream named, by this event or an earlier one.
};

/// Server-sent events out of bytes that arrive in any pieces (WHATWG HTML, "Interpreting an event
/// stream"): lines end with CR, LF or CRLF; comments and unknown fields are skipped; an event
/// without data is dropped. Bounded in size.
class SseParser {
public:
    static constexpr std::size_t kDefaultMaxEventBytes = 16U << 20U;

    explicit SseParser(std::size_t max_event_bytes = kDefaultMaxEventBytes)
        : max_event_bytes_(max_event_bytes) {}

    /// Takes the next bytes and appends the events they complete. kResourceExhausted when an event
    /// grows beyond the limit; the parser is of no use afterwards. An event that the end of the
    /// stream cuts short is lost, as it must.
    Result<void> feed(std::string_view bytes, std::vector<SseEvent>& out);

    /// The value that a reconnecting client sends as Last-Event-ID; empty: none yet.
    [[nodiscard]] const std::string& last_event_id() const noexcept { return id_; }
    /// How long the server asks to wait before reconnecting.
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

private:
    void take_line(std::vector<SseEvent>& out);
    void take_field(std::string_view name, std::string_view value);

    std::size_t max_event_bytes_;
    std::string line_;
    std::string type_;
    std::string data_;
    std::string id_;
    std::optional<std::chrono::milliseconds> retry_;
    bool has_data_ = false;
    bool after_cr_ = false;
    bool first_line_ = true;
};

}  // namespace a2akit::wire
