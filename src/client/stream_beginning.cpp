#include "client/stream_beginning.hpp"

#include <a2akit/core/when.hpp>

#include <utility>
#include <variant>

namespace a2akit::client {
namespace {

Async<Result<StreamBeginning>> open_and_read(AsyncResult<AsyncClientStream> opening) {
    Result<AsyncClientStream> stream = co_await std::move(opening);
    if (!stream) co_return fail(std::move(stream.error()));
    Result<std::optional<StreamEvent>> first = co_await stream->next();
    if (!first) co_return fail(std::move(first.error()));
    co_return StreamBeginning{std::move(*stream), std::move(*first)};
}

/// Raises `begun` when it returns or throws.
Async<Result<StreamBeginning>> read_beginning(AsyncResult<AsyncClientStream> opening,
                                              Signal& begun) {
    struct Raise {
        Signal& signal;
        ~Raise() { signal.set(); }
    } const raise{begun};
    co_return co_await open_and_read(std::move(opening));
}

/// Returns when the caller is asked to end early, but `patience` later when its task is cancelled.
/// Ends by itself once it has begun.
Async<void> wait_for_patience(TaskContext& ctx, detail::StopScope& caller, Signal& begun,
                              Duration patience) {
    co_await caller.wait(begun, std::nullopt);
    if (!begun.is_set() && ctx.is_cancelled()) co_await sleep(patience);
}

}  // namespace

Async<Result<StreamBeginning>> begin_stream(TaskContext& ctx,
                                            AsyncResult<AsyncClientStream> opening,
                                            Duration patience) {
    detail::StopScope* const caller = co_await detail::current_scope();
    if (caller == nullptr) co_return co_await open_and_read(std::move(opening));
    if (caller->stop_requested()) throw Cancelled();
    Signal begun;
    auto first = co_await detail::within(
        detail::never_stopped(), when_any(read_beginning(std::move(opening), begun),
                                          wait_for_patience(ctx, *caller, begun, patience)));
    if (first.index() == 1) throw Cancelled();
    co_return std::get<0>(std::move(first));
}

}  // namespace a2akit::client
