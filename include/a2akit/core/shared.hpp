#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace a2akit {

/// An immutable value that is copied by counting references. Reads like a `const T`; made from a T.
///
/// Messages and artifacts are held this way wherever a task, its events and its readers share them:
/// handing one on costs nothing, and no holder can change it behind another's back. Never null.
template <class T>
class Shared {
public:
    Shared() : value_(empty()) {}
    Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}  // NOLINT

    const T& operator*() const noexcept { return *value_; }
    const T* operator->() const noexcept { return value_.get(); }
    operator const T&() const noexcept { return *value_; }  // NOLINT

    /// True when both are the very same object, not merely equal.
    [[nodiscard]] bool same_as(const Shared& other) const noexcept {
        return value_ == other.value_;
    }

private:
    static const std::shared_ptr<const T>& empty() {
        static const std::shared_ptr<const T> kEmpty = std::make_shared<const T>();
        return kEmpty;
    }

    std::shared_ptr<const T> value_;
};

}  // namespace a2akit
