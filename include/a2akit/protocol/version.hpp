#pragma once

#include <cstdint>

namespace a2akit {

/// A version of the A2A protocol, by major and minor number; kChat: OpenAI's chat completions,
/// which are served in its place. Stored by number: never renumbered.
enum class ProtocolVersion : std::uint8_t { k1_0 = 0, k0_3 = 1, kChat = 2 };

}  // namespace a2akit
