#pragma once

#include "server/secret_file.hpp"
#include "server/setting_values.hpp"

#include <a2akit/core/error.hpp>
#include <a2akit/server/settings.hpp>

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace a2akit {
namespace setting_text {

/// A span in seconds, with as many decimals as it needs.
inline std::string of_span(Duration span) {
    std::string text = std::to_string(span.count() / 1000);
    if (const auto rest = span.count() % 1000; rest != 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text;
}

inline std::string of(const std::string& text) { return text; }
inline std::string of(bool value) { return value ? "true" : "false"; }
inline std::string of(Duration span) { return of_span(span); }
inline std::string of(double number) { return fmt::format("{}", number); }
template <class Integer>
    requires(std::is_integral_v<Integer>)
std::string of(Integer number) {
    return std::to_string(number);
}

}  // namespace setting_text

/// Fills one field after the other; remembers the first that is wrong.
class SettingResolver {
public:
    static constexpr Duration kLongest = std::chrono::hours(24 * 365);  ///< Of every span.

    /// With `values`, appends each setting to it.
    explicit SettingResolver(const Settings::Environment& environment,
                             std::vector<SettingValue>* values = nullptr)
        : environment_(environment), values_(values) {}

    /// `standard` null: stays absent.
    void text(std::string_view name, std::optional<std::string>& field, const char* standard,
              SettingValue::Kind kind = SettingValue::Kind::kText) {
        const Noted noted(*this, name, field, kind);
        if (field) return;
        if (auto given = from_environment(name))
            field = std::move(given);
        else if (standard != nullptr)
            field = standard;
    }

    /// As `number`, without a default: absent when it is not set.
    template <class Integer>
    void number_if_given(std::string_view name, std::optional<Integer>& field, std::int64_t least,
                         std::int64_t most) {
        if (field || from_environment(name)) return number(name, field, least, least, most);
        const Noted noted(*this, name, field, SettingValue::Kind::kNumber);
    }
    template <class Integer>
    void number(std::string_view name, std::optional<Integer>& field, std::int64_t standard,
                std::int64_t least, std::int64_t most) {
        const Noted noted(*this, name, field, SettingValue::Kind::kNumber);
        std::int64_t value = standard;
        std::string written;
        bool readable = true;
        if (field) {
            written = std::to_string(*field);
            value = static_cast<std::int64_t>(*field);
        } else if (const auto given = from_environment(name)) {
            written = *given;
            const auto [end, error] =
                std::from_chars(given->data(), given->data() + given->size(), value);
            readable = error == std::errc{} && end == given->data() + given->size();
        }
        if (!readable || value < least || value > most) {
            return wrong(
                name, written,
                "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        }
        field = static_cast<Integer>(value);
    }

    /// `standard` none: stays absent.
    void span(std::string_view name, std::optional<Duration>& field,
              std::optional<Duration> standard, Duration least = Duration(1)) {
        const Noted noted(*this, name, field, SettingValue::Kind::kSeconds);
        std::string written;
        std::optional<Duration> value = field ? field : standard;
        bool readable = true;
        if (field) {
            written = setting_text::of_span(*field);
        } else if (const auto given = from_environment(name)) {
            written = *given;
            double number = 0;
            const auto [end, error] =
                std::from_chars(given->data(), given->data() + given->size(), number);
            readable = error == std::errc{} && end == given->data() + given->size() &&
                       std::isfinite(number) &&
                       std::abs(number) <= std::chrono::duration<double>(kLongest).count();
            if (readable) value = Duration(std::llround(number * 1000));
        }
        if (!readable || (value && (*value < least || *value > kLongest))) {
            return wrong(name, written,
                         "a number of seconds from " + setting_text::of_span(least) + " to " +
                             setting_text::of_span(kLongest));
        }
        field = value;
    }

    /// A number from 0 on, which may have a fraction; 0 by default.
    void rate(std::string_view name, std::optional<double>& field, double most) {
        const Noted noted(*this, name, field, SettingValue::Kind::kNumber);
        double value = field.value_or(0);
        std::string written = field ? std::to_string(*field) : std::string();
        bool readable = true;
        if (const auto given = field ? std::nullopt : from_environment(name)) {
            written = *given;
            const auto [end, error] =
                std::from_chars(given->data(), given->data() + given->size(), value);
            readable = error == std::errc{} && end == given->data() + given->size();
        }
        // Written so that what is not a number is refused.
        if (!readable || !(value == 0 || (value >= 0.001 && value <= most))) {
            return wrong(name, written, "0, or a number from 0.001 to 1000000");
        }
        field = value;
    }

    void flag(std::string_view name, std::optional<bool>& field, bool standard) {
        const Noted noted(*this, name, field, SettingValue::Kind::kFlag);
        if (field) return;
        const auto given = from_environment(name);
        if (!given)
            field = standard;
        else if (*given == "true" || *given == "1")
            field = true;
        else if (*given == "false" || *given == "0")
            field = false;
        else
            wrong(name, *given, "true, false, 1 or 0");
    }

    /// As `text`, for a URL that may hold a password: a file may hold it as well.
    void url(std::string_view name, std::optional<std::string>& field, const char* standard) {
        from_file(name, field);
        text(name, field, standard);
    }

    /// The value is a secret, so the error does not show it. A file may hold it as well.
    void secret(std::string_view name, std::optional<std::string>& field,
                Result<void> (*check)(const std::string&)) {
        from_file(name, field);
        text(name, field, nullptr, SettingValue::Kind::kSecret);
        if (!field || error_) return;
        if (Result<void> checked = check(*field); !checked) error_ = std::move(checked.error());
    }

    void wrong(std::string_view name, std::string_view value, std::string_view allowed) {
        if (error_) return;
        error_ = Error::invalid_field(
            std::string(name),
            "\"" + std::string(value) + "\" is not allowed; use " + std::string(allowed));
    }

    [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

private:
    /// Notes what became of a field when the call that fills it returns.
    template <class T>
    class Noted {
    public:
        Noted(SettingResolver& resolver, std::string_view name, const std::optional<T>& field,
              SettingValue::Kind kind)
            : values_(resolver.values_), name_(name), field_(field), kind_(kind) {}
        Noted(const Noted&) = delete;
        Noted& operator=(const Noted&) = delete;
        ~Noted() {
            if (values_ == nullptr) return;
            std::optional<std::string> text;
            if (field_) text = setting_text::of(*field_);
            values_->push_back({std::string(name_), kind_, std::move(text)});
        }

    private:
        std::vector<SettingValue>* values_;
        std::string_view name_;
        const std::optional<T>& field_;
        SettingValue::Kind kind_;
    };

    /// Reads the file that NAME_FILE of the environment names.
    void from_file(std::string_view name, std::optional<std::string>& field) {
        if (field) return;
        const std::string variable = std::string(name) + "_FILE";
        const auto path = from_environment(variable);
        if (!path || error_) return;
        if (from_environment(name)) {
            error_ = Error::invalid_field(
                variable, "is set, and so is " + std::string(name) + "; set one of the two");
            return;
        }
        Result<std::string> secret = read_secret_file(variable, *path);
        if (secret)
            field = std::move(*secret);
        else
            error_ = std::move(secret.error());
    }

    std::optional<std::string> from_environment(std::string_view name) const {
        auto value = environment_ ? environment_(name) : std::nullopt;
        if (value && value->empty()) return std::nullopt;
        return value;
    }

    const Settings::Environment& environment_;
    std::vector<SettingValue>* values_;
    std::optional<Error> error_;
};

}  // namespace a2akit
