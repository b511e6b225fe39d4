#pragma once

#include <a2akit/core/error.hpp>

#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace a2akit {

/// A value, or the Error that a caller may see. The ports return it; it must not be ignored.
///
/// It is a tl::expected, with conversions from values and errors: `if (!result)`, `*result` and
/// `result.error()` work as there. Reading the value of an error is undefined, as is the reverse.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}  // NOLINT
    Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}     // NOLINT

    /// The value, or the error thrown as an Exception. For agent authors' and client users' side.
    T value_or_throw() && {
        if (!*this) throw Exception(std::move(this->error()));
        if constexpr (!std::is_void_v<T>) return std::move(**this);
    }
};

/// `return fail(ErrorCode::kTaskNotFound, "…");` in a function that returns a Result.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message), nullptr});
}

}  // namespace a2akit
