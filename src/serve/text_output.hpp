#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace a2akit::serve {

/// Turns the bytes that a command writes into pieces of valid UTF-8 text, which joined are its
/// output without the newline at its end. Bytes that are not UTF-8 become U+FFFD.
class TextOutput {
public:
    /// A line that is longer is cut into pieces of about this size.
    static constexpr std::size_t kPiece = 64U << 10U;

    void add(std::string_view bytes) { kept_.append(bytes); }
    /// Whether `all` may have something to hand out.
    [[nodiscard]] bool has_text() const noexcept { return !kept_.empty() && kept_ != "\n"; }
    /// The whole lines so far, or the beginning of a long one; empty: there are none.
    [[nodiscard]] std::string lines();
    /// Everything so far, but for a newline at its end and the bytes of an unfinished character.
    [[nodiscard]] std::string all();
    /// Everything that is left at the end of the output.
    [[nodiscard]] std::string rest();

private:
    [[nodiscard]] std::string take(std::size_t size);

    std::string kept_;
};

/// The size of `text` without the bytes at its end that begin a character of UTF-8 and do not
/// finish it.
[[nodiscard]] std::size_t whole_characters(std::string_view text) noexcept;

/// The last bytes of a text of any length, at most `most` of them.
class Tail {
public:
    explicit Tail(std::size_t most) noexcept : most_(most) {}
    void add(std::string_view bytes);
    /// As UTF-8, without white space at its end; begins with "..." when something was left out.
    [[nodiscard]] std::string text() const;

private:
    std::size_t most_;
    std::string kept_;
    bool cut_ = false;
};

}  // namespace a2akit::serve
