#pragma once

/// \file All that an agent author needs.

#include <a2akit/core/loop.hpp>
#include <a2akit/protocol/json.hpp>
#include <a2akit/server/server.hpp>
