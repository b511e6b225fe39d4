#include "client/stream_source.hpp"

#include "json/codec.hpp"

#include <utility>

namespace a2akit {

ClientStream::Source::Source(std::unique_ptr<client::HttpStream> http,
                             std::unique_ptr<client::Binding> binding, std::size_t max_event_bytes)
    : http_(std::move(http)), binding_(std::move(binding)), parser_(max_event_bytes) {
    if (http_->status() != 200 || !http_->content_type().starts_with("text/event-stream"))
        throw_answer();
}

void ClientStream::Source::throw_answer() {
    constexpr std::size_t kMaxErrorBytes = 1U << 20U;
    std::string body;
    while (body.size() < kMaxErrorBytes) {
        std::optional<std::string> bytes = http_->read().value_or_throw();
        if (!bytes) break;
        body += *bytes;
    }
    (void)binding_->result(http_->status(), body).value_or_throw();
    throw Exception(
        {ErrorCode::kInvalidAgentResponse,
         "the agent answered with '" + http_->content_type() + "' instead of text/event-stream",
         nullptr});
}

std::optional<StreamEvent> ClientStream::Source::next() {
    while (taken_ == arrived_.size()) {
        arrived_.clear();
        taken_ = 0;
        const std::optional<std::string> bytes = http_->read().value_or_throw();
        if (!bytes) return std::nullopt;
        parser_.feed(*bytes, arrived_).value_or_throw();
    }
    StreamEvent event = read_event(arrived_[taken_++]);
    if (!event.id.empty()) last_event_id_ = event.id;
    return event;
}

StreamEvent ClientStream::Source::read_event(const wire::SseEvent& event) const {
    const std::string_view text = binding_->result(200, event.data).value_or_throw();
    Result<StreamResponse> response =
        json::decode<StreamResponse>(text, json::Mode::kLenient, json::kReadBack);
    if (!response || response->payload.index() == 0) {
        throw Exception(
            {ErrorCode::kInvalidAgentResponse,
             "an event of the stream can't be read: " +
                 (response ? "it holds no task, message or update" : response.error().message),
             nullptr});
    }
    return {event.id, std::move(*response)};
}

std::string StreamEvent::text() const {
    if (const auto* update = artifact()) return update->artifact->text();
    if (const auto* reply = message()) return reply->text();
    std::string text;
    if (const auto* snapshot = task()) {
        for (const Shared<Artifact>& made : snapshot->artifacts) text += made->text();
    }
    return text;
}

TaskState StreamEvent::state() const noexcept {
    if (const auto* snapshot = task()) return snapshot->status.state;
    if (const auto* update = status()) return update->status.state;
    return TaskState::kUnspecified;
}

bool StreamEvent::is_final() const noexcept {
    return message() != nullptr || is_terminal(state()) || is_interrupted(state());
}

ClientStream::ClientStream(std::unique_ptr<Source> source) noexcept : source_(std::move(source)) {}
ClientStream::ClientStream(ClientStream&&) noexcept = default;
ClientStream& ClientStream::operator=(ClientStream&&) noexcept = default;
ClientStream::~ClientStream() = default;

std::optional<StreamEvent> ClientStream::next() { return source_->next(); }
const std::string& ClientStream::last_event_id() const noexcept { return source_->last_event_id(); }

}  // namespace a2akit
