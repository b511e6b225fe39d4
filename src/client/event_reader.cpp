#include "client/event_reader.hpp"

#include <utility>

namespace a2akit::client {

EventReader::EventReader(OpenStream stream, const ClientOptions& options)
    : stream_(std::move(stream)),
      options_(options),
      decoder_(stream_.binding->decoder(options.max_event_bytes)) {}

AsyncResult<std::optional<StreamEvent>> EventReader::next() {
    if (!stream_.begun) {
        auto failure = co_await finish_opening(stream_, options_);
        if (failure) co_return fail(std::move(failure->error));
    }
    for (;;) {
        auto event = decoder_->next();
        if (!event || *event) co_return std::move(event);
        auto bytes = co_await stream_.http->read();
        if (!bytes) co_return fail(std::move(bytes.error()));
        if (!*bytes) {
            if (auto ended = decoder_->finish(stream_.http->trailers()); !ended)
                co_return fail(std::move(ended.error()));
            co_return std::optional<StreamEvent>();
        }
        show(options_, stream_.request, **bytes);
        if (auto fed = decoder_->feed(**bytes); !fed) co_return fail(std::move(fed.error()));
    }
}

}  // namespace a2akit::client
