#include "security/address_slots.hpp"

namespace a2akit::security {

AddressSlots::Slot AddressSlots::take(std::string key) {
    const std::lock_guard lock(mutex_);
    int& count = counts_[key];
    if (count >= most_) return {};
    ++count;
    return {this, std::move(key)};
}

void AddressSlots::give_back(const std::string& key) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
}

}  // namespace a2akit::security
