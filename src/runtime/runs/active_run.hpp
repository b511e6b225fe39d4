#pragma once

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/runs/worker_adapter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

/// What the sources of the WorkerAdapter share.
namespace a2akit {

/// One run on this loop, from its claim until its handler has returned.
struct WorkerAdapter::ActiveRun {
    ActiveRun(WorkerNode& node, const ServedAgent& agent, Turn turn, Run&& run)
        : context(node, agent, turn, std::move(run)) {}
    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        detail::free_frame(memory, size);
    }

    TaskContextImpl context;
    std::unique_ptr<Delivery> delivery;  ///< null: answered, or handed back
    std::uint64_t round = 0;             ///< The renewal round in which it was claimed.
    bool context_undecided = false;      ///< See ContextVault::unpack.
    bool task_ended = false;             ///< Not by the handler.
    ActiveRun* before = nullptr;
    ActiveRun* after = nullptr;
};

/// How the handler left.
struct WorkerAdapter::Outcome {
    bool threw = false;
    bool storage_failed = false;  ///< A call threw since Storage was out of reach.
    std::string text;
};

/// The broker delivers an entry again that it does not know to be answered.
inline void log_unanswered(const Result<void>& answered, TaskId task) {
    if (answered) return;
    log::warn("answering the broker failed, the entry will come again task={} error={}",
              task.to_string(), quoted(answered.error().message));
}

}  // namespace a2akit
