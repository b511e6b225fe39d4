#include "runtime/tasks/caller_slots.hpp"

#include <utility>

namespace a2akit {
namespace {

constexpr Duration kTryAgainAfter = std::chrono::seconds(1);

class HeldStream final : public EventStream {
public:
    HeldStream(std::unique_ptr<EventStream> stream, CallerSlots::Slot slot)
        : slot_(std::move(slot)), stream_(std::move(stream)) {}
    Async<Batch> next() override { return stream_->next(); }
    void wake() noexcept override { stream_->wake(); }

private:
    CallerSlots::Slot slot_;
    std::unique_ptr<EventStream> stream_;
};

Error too_many(CallerSlots::Kind kind) {
    const bool stream = kind == CallerSlots::Kind::kStream;
    Error::Details details;
    details.retry_after = kTryAgainAfter;
    return Error{ErrorCode::kResourceExhausted,
                 stream ? "you have too many streams open; close one, or try again later"
                        : "too many of your messages wait for their answers; try again later, or "
                          "send with returnImmediately",
                 nullptr}
        .with(std::move(details));
}

}  // namespace

Result<CallerSlots::Slot> CallerSlots::take(const std::string& principal, Kind kind) {
    const int most = kind == Kind::kStream ? limits_.streams : limits_.waiting_sends;
    {
        const std::lock_guard lock(mutex_);
        int& open = open_[principal][static_cast<std::size_t>(kind)];
        // Where nothing is open there is room, so no empty entry is left behind.
        if (most > 0 && open >= most) return too_many(kind);
        ++open;
    }
    return Slot(shared_from_this(), principal, kind);
}

void CallerSlots::give_back(const std::string& principal, Kind kind) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(principal);
    --found->second[static_cast<std::size_t>(kind)];
    if (found->second == Counts{}) open_.erase(found);
}

std::unique_ptr<EventStream> CallerSlots::held(std::unique_ptr<EventStream> stream, Slot slot) {
    return std::make_unique<HeldStream>(std::move(stream), std::move(slot));
}

}  // namespace a2akit
