#pragma once

#include "json/scalars.hpp"
#include "json/scan.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace a2akit::json {

/// Appends compact JSON to a string that the caller owns. Checks nothing: the caller keeps keys and
/// values in order.
///
/// Commas are placed by looking at the last character written, so that any part can be written by
/// anybody in between.
class Writer {
public:
    explicit Writer(std::string& out) noexcept : out_(out) {}

    void begin_object() { out_ += '{'; }
    void end_object() { out_ += '}'; }
    void begin_array() { out_ += '['; }
    void end_array() { out_ += ']'; }

    /// The name of the next field, in plain ASCII.
    void key(std::string_view name) {
        separate('{');
        out_ += '"';
        out_ += name;
        out_.append("\":", 2);
    }
    /// As `key`, of any name: it is escaped.
    void foreign_key(std::string_view name) {
        separate('{');
        string(name);
        out_ += ':';
    }
    /// As `key`, given as `,"name":`, which is one append.
    void prepared_key(std::string_view comma_name_colon) {
        if (out_.back() == '{') comma_name_colon.remove_prefix(1);
        out_ += comma_name_colon;
    }
    /// Before each element of an array.
    void element() { separate('['); }

    void string(std::string_view text) {
        out_ += '"';
        const char* const end = text.data() + text.size();
        const char* const stop = find_special(text.data(), end);
        out_.append(text.data(), stop);
        if (stop != end) escape(stop, end);
        out_ += '"';
    }
    /// As `string`, of text that needs no escape.
    void plain_string(std::string_view text) {
        out_ += '"';
        out_ += text;
        out_ += '"';
    }
    void base64(std::string_view bytes) {
        out_ += '"';
        append_base64(out_, bytes);
        out_ += '"';
    }
    void timestamp(Timestamp time) {
        out_ += '"';
        append_timestamp(out_, time);
        out_ += '"';
    }
    void integer(std::int64_t number) {
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    }
    void boolean(bool value) {
        out_ += value ? std::string_view("true") : std::string_view("false");
    }
    void null() { out_.append("null", 4); }
    /// Text that is a JSON value already.
    void raw(std::string_view json) { out_ += json; }

    [[nodiscard]] std::string& out() noexcept { return out_; }

private:
    void separate(char opening) {
        if (out_.back() != opening) out_ += ',';
    }
    void escape(const char* at, const char* end);

    std::string& out_;
};

}  // namespace a2akit::json
