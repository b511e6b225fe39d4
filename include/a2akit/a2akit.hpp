#pragma once

/// \file All that an agent author needs, the server included. A file that only defines a worker
/// compiles faster with a2akit/agent.hpp.

#include <a2akit/core/loop.hpp>
#include <a2akit/core/when.hpp>
#include <a2akit/json/json.hpp>
#include <a2akit/protocol/json.hpp>
#include <a2akit/server/server.hpp>
