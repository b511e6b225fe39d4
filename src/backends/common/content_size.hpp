#pragma once

#include <a2akit/storage/storage.hpp>

#include <cstddef>

namespace a2akit::backends {

/// About how many bytes of memory a message, an artifact and so on take. Costs a look at each part,
/// whatever its size.
[[nodiscard]] std::size_t content_size(const Message& message);
[[nodiscard]] std::size_t content_size(const Artifact& artifact);
[[nodiscard]] std::size_t content_size(const TaskEvent& event);
[[nodiscard]] std::size_t content_size(const TaskSnapshot& snapshot);

/// Counts what one read or one page brings: as much as fits, and the first whatever its size.
class ContentBudget {
public:
    explicit ContentBudget(std::size_t bytes) noexcept : left_(bytes) {}
    /// False: the page ends before what has so many bytes.
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
