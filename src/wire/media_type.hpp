#pragma once

#include <string_view>

namespace a2akit::wire {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kA2aJson = "application/a2a+json";
inline constexpr std::string_view kEventStream = "text/event-stream";

/// kJson or kA2aJson when a body of that Content-Type can be read; empty when it can't.
[[nodiscard]] std::string_view readable_body_type(std::string_view content_type) noexcept;

/// How much an Accept header wants `type`, in thousandths; 0: not at all. An empty header wants
/// everything.
[[nodiscard]] int acceptance(std::string_view accept, std::string_view type) noexcept;

/// kA2aJson or kJson, whichever Accept prefers; `otherwise` when it has no preference; empty when
/// it accepts neither.
[[nodiscard]] std::string_view preferred_json(std::string_view accept,
                                              std::string_view otherwise) noexcept;

}  // namespace a2akit::wire
