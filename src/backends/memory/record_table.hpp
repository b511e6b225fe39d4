#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace a2akit::backends {

struct TaskRecord;

/// Finds tasks by the hash of their id. A flat table of (hash, task), so that a look-up touches one
/// line of it and no task but those of the very hash: tasks are spread over all memory, and most of
/// them are cold.
///
/// Not for keys that many tasks may share: each call takes time in proportion to the tasks of one
/// hash. Not synchronised: one table is one shard's, small enough to grow in microseconds.
class RecordTable {
public:
    void insert(std::uint64_t hash, TaskRecord& record) {
        if ((size_ + 1) * 4 > slots_.size() * 3) grow();
        put({hash, &record});
        ++size_;
    }

    /// REQUIRES: the record is in the table under this hash.
    void erase(std::uint64_t hash, const TaskRecord& record) noexcept {
        std::size_t hole = home(hash);
        while (slots_[hole].record != &record) hole = next(hole);
        // Later entries move up, but never before their home.
        for (std::size_t at = next(hole); slots_[at].record != nullptr; at = next(at)) {
            const std::size_t wanted = home(slots_[at].hash);
            if (distance(wanted, at) < distance(hole, at)) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole].record = nullptr;
        --size_;
    }

    /// The first task of this hash for which `matches` holds; null when there is none.
    template <class Matches>
    [[nodiscard]] TaskRecord* find(std::uint64_t hash, Matches matches) const {
        if (size_ == 0) return nullptr;
        for (std::size_t at = home(hash); slots_[at].record != nullptr; at = next(at)) {
            if (slots_[at].hash == hash && matches(*slots_[at].record)) return slots_[at].record;
        }
        return nullptr;
    }

    /// Every task, in no order. `visit` may end the life of the task that it is given.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Slot& slot : slots_) {
            if (slot.record != nullptr) visit(*slot.record);
        }
    }

private:
    struct Slot {
        std::uint64_t hash = 0;
        TaskRecord* record = nullptr;
    };
    static constexpr std::size_t kFirstSlots = 16;

    // The hash's low bits are multiplied up, since its top bits have chosen the shard already.
    [[nodiscard]] std::size_t home(std::uint64_t hash) const noexcept {
        return static_cast<std::size_t>((hash * 0x9e3779b97f4a7c15U) >> shift_);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
        return (at + 1) & (slots_.size() - 1);
    }
    [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
        return (to - from) & (slots_.size() - 1);
    }

    void put(Slot slot) noexcept {
        std::size_t at = home(slot.hash);
        while (slots_[at].record != nullptr) at = next(at);
        slots_[at] = slot;
    }

    void grow() {
        std::vector<Slot> former(slots_.empty() ? kFirstSlots : slots_.size() * 2);
        former.swap(slots_);
        shift_ = 64 - std::countr_zero(slots_.size());
        for (const Slot& slot : former) {
            if (slot.record != nullptr) put(slot);
        }
    }

    std::vector<Slot> slots_;
    int shift_ = 0;
    std::size_t size_ = 0;
};

}  // namespace a2akit::backends
