#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit {

class RawJson;

/// Converts a value of another JSON library to a RawJson: `static RawJson convert(const T&)`. The
/// optional headers a2akit/json/nlohmann.hpp and a2akit/json/boost.hpp specialise it; you can do so
/// for other libraries.
template <class T>
struct RawJsonFrom;

template <class T>
concept ConvertsToRawJson = requires(const T& value) {
    { RawJsonFrom<T>::convert(value) } -> std::same_as<RawJson>;
};

/// A JSON value kept as its text: google.protobuf.Struct and Value fields. Validated once, when it
/// was read; copied as bytes from then on. Empty means that the field is absent; such a value is a
/// null pointer, so the many fields that are usually absent cost little.
class RawJson {
public:
    RawJson() = default;
    /// REQUIRES: `text` is one valid JSON value in UTF-8. To check foreign text use parse_raw_json
    /// (protocol/json.hpp).
    explicit RawJson(std::string text)
        : text_(text.empty() ? nullptr : std::make_unique<const std::string>(std::move(text))) {}
    /// Implicit, so that a value of a library with a specialised RawJsonFrom can be passed as a
    /// RawJson.
    template <ConvertsToRawJson T>
    RawJson(const T& value) : RawJson(RawJsonFrom<T>::convert(value)) {}  // NOLINT

    RawJson(RawJson&& other) noexcept = default;
    RawJson& operator=(RawJson&& other) noexcept = default;
    RawJson(const RawJson& other) : text_(other.copy()) {}
    RawJson& operator=(const RawJson& other) {
        text_ = other.copy();
        return *this;
    }
    ~RawJson() = default;

    /// Valid until this value is assigned to, moved from or destroyed.
    [[nodiscard]] const std::string& text() const noexcept { return text_ ? *text_ : absent(); }
    [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }
    friend bool operator==(const RawJson& left, const RawJson& right) noexcept {
        return left.text() == right.text();
    }

private:
    [[nodiscard]] static const std::string& absent() noexcept {
        static const std::string kAbsent;
        return kAbsent;
    }
    [[nodiscard]] std::unique_ptr<const std::string> copy() const {
        return text_ ? std::make_unique<const std::string>(*text_) : nullptr;
    }

    std::unique_ptr<const std::string> text_;
};

}  // namespace a2akit
