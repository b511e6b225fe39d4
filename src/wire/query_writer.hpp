#pragma once

#include "wire/uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace a2akit::wire {

/// The query of a URL, from "?" on. Empty and absent values are left out.
class QueryWriter {
public:
    void add(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        text_ += text_.empty() ? '?' : '&';
        text_.append(name).append("=").append(percent_encode(value));
    }
    void add(std::string_view name, std::optional<std::int32_t> value) {
        if (value) add(name, std::to_string(*value));
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

}  // namespace a2akit::wire
