#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace a2akit::security {

/// How many connections each address has. Safe from any thread. REQUIRES: outlives its slots.
class AddressSlots {
public:
    /// REQUIRES: most >= 1.
    explicit AddressSlots(int most) noexcept : most_(most) {}

    /// One connection of an address, given back when it ends.
    class Slot {
    public:
        Slot() noexcept = default;
        Slot(Slot&& other) noexcept
            : slots_(std::exchange(other.slots_, nullptr)), key_(std::move(other.key_)) {}
        Slot& operator=(Slot&& other) noexcept {
            std::swap(slots_, other.slots_);
            std::swap(key_, other.key_);
            return *this;
        }
        ~Slot() {
            if (slots_ != nullptr) slots_->give_back(key_);
        }
        explicit operator bool() const noexcept { return slots_ != nullptr; }

    private:
        friend class AddressSlots;
        Slot(AddressSlots* slots, std::string key) noexcept : slots_(slots), key_(std::move(key)) {}
        AddressSlots* slots_ = nullptr;
        std::string key_;
    };

    /// An empty slot when the address has as many as it may.
    [[nodiscard]] Slot take(std::string key);

private:
    void give_back(const std::string& key) noexcept;

    const int most_;
    std::mutex mutex_;
    std::unordered_map<std::string, int> counts_;
};

}  // namespace a2akit::security
