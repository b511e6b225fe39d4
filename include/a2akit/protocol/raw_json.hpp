#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace a2akit {

/// A JSON value kept as its text: google.protobuf.Struct and Value fields. Validated once, when it was read; copied as
/// bytes from then on. Empty means that the field is absent.
class RawJson {
public:
    RawJson() = default;
    /// REQUIRES: `text` is one valid JSON value in UTF-8. To check foreign text use parse_raw_json (protocol/json.hpp).
    explicit RawJson(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    friend bool operator==(const RawJson&, const RawJson&) = default;

private:
    std::string text_;
};

}  // namespace a2akit
