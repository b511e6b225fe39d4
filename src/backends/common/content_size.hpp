#pragma once

#include <a2akit/storage/storage.hpp>

#include <cstddef>

namespace a2akit::backends {

/// Estimates the bytes of memory that a message, an artifact and so on take. Looks at each part
/// once; the cost does not depend on their sizes.
[[nodiscard]] std::size_t content_size(const Message& message);
/// Without the field itself, which is part of its message; 0 when it is absent.
[[nodiscard]] std::size_t content_size(const RawJson& json) noexcept;
[[nodiscard]] std::size_t content_size(const Artifact& artifact);
[[nodiscard]] std::size_t content_size(const TaskEvent& event);
[[nodiscard]] std::size_t content_size(const TaskSnapshot& snapshot);

/// Counts the content of one read or one page: as much as fits, but always the first entry, even if
/// it is too large.
class ContentBudget {
public:
    explicit ContentBudget(std::size_t bytes) noexcept : left_(bytes) {}
    /// Adds this many bytes. False: they do not fit, and the page ends before them.
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        if (bytes > left_ && !empty_) return false;
        empty_ = false;
        left_ -= bytes < left_ ? bytes : left_;
        return true;
    }

private:
    std::size_t left_;
    bool empty_ = true;
};

}  // namespace a2akit::backends
