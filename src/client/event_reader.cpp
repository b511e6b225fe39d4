#include "client/event_reader.hpp"

#include <utility>

namespace a2akit::client {

EventReader::EventReader(OpenStream stream, const ClientOptions& options)
    : stream_(std::move(stream)), options_(options), parser_(options.max_event_bytes) {}

AsyncResult<std::optional<StreamEvent>> EventReader::next() {
    while (taken_ == arrived_.size()) {
        arrived_.clear();
        taken_ = 0;
        auto bytes = co_await stream_.http->read();
        if (!bytes) co_return fail(std::move(bytes.error()));
        if (!*bytes) co_return std::optional<StreamEvent>();
        show(options_, stream_.request, **bytes);
        if (auto fed = parser_.feed(**bytes, arrived_); !fed)
            co_return fail(ErrorCode::kInvalidAgentResponse, fed.error().message);
    }
    wire::SseEvent& event = arrived_[taken_++];
    auto response = stream_.binding->event(event.data);
    if (!response) co_return fail(std::move(response.error()));
    co_return std::optional(StreamEvent{std::move(event.id), std::move(*response)});
}

}  // namespace a2akit::client
