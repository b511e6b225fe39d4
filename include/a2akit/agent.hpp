#pragma once

/// \file The header for files that only define a worker: Worker, TaskContext, when_all, when_any
/// and Json. Much lighter than a2akit.hpp, which adds the server. BlockingWorker has a header of
/// its own, worker/blocking_worker.hpp.

#include <a2akit/core/when.hpp>
#include <a2akit/json/json.hpp>
#include <a2akit/worker/worker.hpp>
