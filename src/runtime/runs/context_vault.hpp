#pragma once

#include "runtime/runs/context_cipher.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/storage/storage.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace a2akit {

/// Brings a turn's transient context from the request that made the turn to the handler that runs
/// it, and nowhere else.
///
/// If Storage serves one process only, the context is passed along with the turn as it is. With a
/// key it is also sealed into the turn, and so survives a restart and reaches other nodes. Without
/// a key it stays on its node: a handler elsewhere, or after a restart, has no context. Safe from
/// any thread.
///
/// A context that stays on its node is only an offer at first: if several requests want to make the
/// same turn, Storage accepts one, and only the context of that request is ever given to a handler.
class ContextVault {
public:
    static constexpr Turn kEveryTurn = std::numeric_limits<Turn>::max();

    /// `in_process`: of StorageCapabilities.
    ContextVault(bool in_process, std::optional<ContextCipher> cipher)
        : in_process_(in_process), cipher_(std::move(cipher)) {}

    /// A context on its way into a turn. Withdrawn when it is destroyed, unless the turn was made.
    /// REQUIRES: the vault outlives it.
    class [[nodiscard]] Offer {
    public:
        Offer() noexcept = default;
        Offer(Offer&& other) noexcept { swap(other); }
        Offer& operator=(Offer&& other) noexcept {
            Offer(std::move(other)).swap(*this);
            return *this;
        }
        ~Offer() {
            if (vault_ != nullptr) vault_->decide(task_, number_, false);
        }
        /// Storage has made the turn of this request.
        void made() noexcept {
            ContextVault* const vault = std::exchange(vault_, nullptr);
            if (vault != nullptr && turn_ != 1) vault->decide(task_, number_, true);
        }

    private:
        friend class ContextVault;
        Offer(ContextVault& vault, TaskId task, Turn turn, std::uint64_t number) noexcept
            : vault_(&vault), task_(task), turn_(turn), number_(number) {}
        void swap(Offer& other) noexcept {
            std::swap(vault_, other.vault_);
            std::swap(task_, other.task_);
            std::swap(turn_, other.turn_);
            std::swap(number_, other.number_);
        }
        ContextVault* vault_ = nullptr;  ///< Null: there is nothing to decide.
        TaskId task_{};
        Turn turn_ = 0;
        std::uint64_t number_ = 0;
    };

    /// Before the write that would make the turn: puts the context into `input`, or keeps it here.
    [[nodiscard]] Result<Offer> pack(TurnInput& input, TaskId task, Turn turn,
                                     std::shared_ptr<const RequestContext> context);
    /// After the claim: gives `input` its context, if this node has it. False: a request of this
    /// node may have made the turn without knowing it yet; see `wait_for`.
    [[nodiscard]] bool unpack(TurnInput& input, TaskId task, Turn turn);
    /// The context of the turn, once its request knows that it made it; null when none did by
    /// `until`.
    Async<std::shared_ptr<const RequestContext>> wait_for(TaskId task, Turn turn, SteadyTime until);

    /// When the turn has ended: drops its context and those of earlier turns.
    void forget(TaskId task, Turn turn) noexcept;
    /// The tasks whose contexts are kept here. Other nodes may end their turns: see `forget_ended`.
    [[nodiscard]] std::vector<TaskId> tasks() const;
    /// Drops the contexts of turns that have ended, as the end of the task's log says.
    void forget_ended(const Tail& tail) noexcept;

private:
    // Contexts that are never dropped give way in the end, the oldest first.
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kMostPerShard = 4096;
    struct Kept {
        std::uint64_t number = 0;
        TaskId task;
        Turn turn = 0;
        bool decided = false;  ///< The request that it came with has made the turn.
        bool missed = false;   ///< Storage did not know the task when it was asked last.
        std::shared_ptr<const RequestContext> context;
    };
    using KeptList = std::list<Kept>;
    struct Waiter;
    struct Shard {
        mutable std::mutex mutex;
        KeptList kept;  ///< The oldest first.
        std::unordered_multimap<TaskId, KeptList::iterator> by_task;
        std::vector<Waiter*> waiters;
        std::uint64_t offers = 0;
    };
    struct Found {
        std::shared_ptr<const RequestContext> context;
        bool undecided = false;
    };
    [[nodiscard]] Shard& shard_of(TaskId task) noexcept { return shards_[task.hash() % kShards]; }
    [[nodiscard]] bool keeps() const noexcept { return !in_process_ && !cipher_; }

    void decide(TaskId task, std::uint64_t number, bool made) noexcept;
    [[nodiscard]] Found find(TaskId task, Turn turn);
    // REQUIRES: the shard's lock, all three.
    template <class Which>
    static void erase(Shard& shard, TaskId task, Which which) noexcept;
    static void make_room(Shard& shard) noexcept;
    static void wake(Shard& shard, TaskId task) noexcept;

    bool in_process_;
    std::optional<ContextCipher> cipher_;
    std::array<Shard, kShards> shards_;
};

}  // namespace a2akit
