#include "client/binding.hpp"
#include "client/event_decoder.hpp"
#include "wire/sse_parser.hpp"

#include <utility>
#include <vector>

namespace a2akit::client {
namespace {

class SseDecoder final : public EventDecoder {
public:
    SseDecoder(const JsonBinding& binding, std::size_t max_event_bytes)
        : binding_(binding), parser_(max_event_bytes) {}

    Result<void> feed(std::string_view bytes) override {
        if (taken_ == arrived_.size()) {
            arrived_.clear();
            taken_ = 0;
        }
        if (auto fed = parser_.feed(bytes, arrived_); !fed)
            return fail(ErrorCode::kInvalidAgentResponse, fed.error().message);
        return {};
    }
    Result<std::optional<StreamEvent>> next() override {
        if (taken_ == arrived_.size()) return std::optional<StreamEvent>();
        wire::SseEvent& event = arrived_[taken_++];
        auto response = binding_.event(event.data);
        if (!response) return fail(std::move(response.error()));
        return std::optional(StreamEvent{std::move(event.id), std::move(*response)});
    }
    [[nodiscard]] std::optional<Duration> retry() const noexcept override {
        return parser_.retry();
    }

private:
    const JsonBinding& binding_;
    wire::SseParser parser_;
    std::vector<wire::SseEvent> arrived_;  ///< Those before `taken_` were handed out.
    std::size_t taken_ = 0;
};

}  // namespace

std::unique_ptr<EventDecoder> make_sse_decoder(const JsonBinding& binding,
                                               std::size_t max_event_bytes) {
    return std::make_unique<SseDecoder>(binding, max_event_bytes);
}

}  // namespace a2akit::client
