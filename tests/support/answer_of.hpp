#pragma once

#include <a2akit/core/loop.hpp>

#include <optional>
#include <utility>

namespace a2akit::test_support {

template <class T>
Async<void> note_answer(AsyncResult<T> call, std::optional<Result<T>>& answer) {
    answer.emplace(co_await std::move(call));
}

/// What a port answers to a thread that runs no loop: it waits for it. REQUIRES: a port that lets
/// such a thread wait.
template <class T>
Result<T> answer_of(AsyncResult<T> call) {
    std::optional<Result<T>> answer;
    TaskGroup group;
    group.spawn(note_answer(std::move(call), answer));
    return std::move(answer.value());
}

}  // namespace a2akit::test_support
