#pragma once

#include "client/binding.hpp"
#include "client/http_client.hpp"
#include "wire/sse_parser.hpp"

#include <a2akit/client/client_stream.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// Bytes of one HTTP answer, made into the events of a task.
class ClientStream::Source {
public:
    /// REQUIRES: the head of `http` has arrived. Throws the agent's error when the response is not
    /// an event stream.
    Source(std::unique_ptr<client::HttpStream> http, std::unique_ptr<client::Binding> binding,
           std::size_t max_event_bytes);

    std::optional<StreamEvent> next();
    [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }

private:
    [[noreturn]] void throw_answer();
    StreamEvent read_event(const wire::SseEvent& event) const;

    std::unique_ptr<client::HttpStream> http_;
    std::unique_ptr<client::Binding> binding_;
    wire::SseParser parser_;
    std::vector<wire::SseEvent> arrived_;  ///< Those before `taken_` were handed out.
    std::size_t taken_ = 0;
    std::string last_event_id_;
};

}  // namespace a2akit
