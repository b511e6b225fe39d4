#pragma once

#include <a2akit/request/request_envelope.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace a2akit {

/// How many streams and waiting sends each principal has open on this server. Safe from any thread.
class CallerSlots : public std::enable_shared_from_this<CallerSlots> {
public:
    enum class Kind : std::uint8_t { kStream, kWaitingSend };
    /// At most this many of one principal; 0: any number.
    struct Limits {
        int streams = 0;
        int waiting_sends = 0;
    };
    /// One open call, from construction to destruction.
    class Slot {
    public:
        Slot(std::shared_ptr<CallerSlots> slots, std::string principal, Kind kind)
            : slots_(std::move(slots)), principal_(std::move(principal)), kind_(kind) {}
        Slot(Slot&& other) noexcept = default;
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (slots_) slots_->give_back(principal_, kind_);
        }

    private:
        std::shared_ptr<CallerSlots> slots_;
        std::string principal_;
        Kind kind_;
    };

    explicit CallerSlots(Limits limits) : limits_(limits) {}

    /// kResourceExhausted with retry_after when the principal has as many as it may.
    /// REQUIRES: owned by a shared_ptr.
    [[nodiscard]] Result<Slot> take(const std::string& principal, Kind kind);
    /// The same stream, which gives its slot back when it is destroyed.
    [[nodiscard]] static std::unique_ptr<EventStream> held(std::unique_ptr<EventStream> stream,
                                                           Slot slot);

private:
    using Counts = std::array<int, 2>;
    void give_back(const std::string& principal, Kind kind);

    const Limits limits_;
    std::mutex mutex_;
    std::unordered_map<std::string, Counts> open_;  ///< Those that have any.
};

}  // namespace a2akit
