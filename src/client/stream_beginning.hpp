#pragma once

#include <a2akit/client/async_client.hpp>
#include <a2akit/client/client_stream.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/worker/task_context.hpp>

#include <chrono>
#include <optional>

namespace a2akit::client {

/// A stream and its first event, which says what task it is about. No event: the stream is empty.
struct StreamBeginning {
    AsyncClientStream stream;
    std::optional<StreamEvent> first;
};

/// Opens a stream and reads its first event.
///
/// The other agent may have begun its task before it says which one it is, and a task without a
/// known ID cannot be cancelled. A handler whose task is cancelled in between therefore gets the
/// first event all the same, and throws Cancelled at its next wait. Throws Cancelled here when the
/// caller was asked to end before, when it is asked for another reason (core/when.hpp), or when
/// the event does not arrive within `patience` after the cancel.
Async<Result<StreamBeginning>> begin_stream(TaskContext& ctx,
                                            AsyncResult<AsyncClientStream> opening,
                                            Duration patience = std::chrono::seconds(5));

}  // namespace a2akit::client
