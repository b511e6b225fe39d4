#pragma once

#include "json/scalars.hpp"
#include "json/scan.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
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

    /// While it lives, the writer fills memory that it has added to the string, instead of growing
    /// the string with each piece: nobody else uses the string, except through `out`.
    class Run {
    public:
        explicit Run(Writer& writer) noexcept : writer_(writer) { writer_.running_ = true; }
        ~Run() {
            writer_.settle();
            writer_.running_ = false;
        }
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;

    private:
        Writer& writer_;
    };

    void begin_object() { put('{'); }
    void end_object() { put('}'); }
    void begin_array() { put('['); }
    void end_array() { put(']'); }

    /// The name of the next field, in plain ASCII.
    void key(std::string_view name) {
        separate('{');
        put('"');
        put(name);
        put("\":");
    }
    /// As `key`, of any name: it is escaped.
    void foreign_key(std::string_view name) {
        separate('{');
        string(name);
        put(':');
    }
    /// As `key`, given as `,"name":`, which is written at once.
    void prepared_key(std::string_view comma_name_colon) {
        if (last() == '{') comma_name_colon.remove_prefix(1);
        put(comma_name_colon);
    }
    /// Before each element of an array.
    void element() { separate('['); }

    void string(std::string_view text) {
        const char* const end = text.data() + text.size();
        const char* const stop = find_special(text.data(), end);
        if (stop == end)
            plain_string(text);
        else
            string_with_escapes(text, stop);
    }
    /// As `string`, of text that needs no escape.
    void plain_string(std::string_view text) {
        if (static_cast<std::size_t>(limit_ - at_) < text.size() + 2)
            return plain_string_slowly(text);
        *at_++ = '"';
        at_ = std::copy_n(text.data(), text.size(), at_);
        *at_++ = '"';
    }
    void base64(std::string_view bytes) {
        put('"');
        append_base64(out(), bytes);
        put('"');
    }
    void timestamp(Timestamp time) {
        const TimestampText text = text_of(time);
        plain_string({text.data(), text.size()});
    }
    void integer(std::int64_t number) {
        char digits[24];
        put({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
    }
    void boolean(bool value) { put(value ? std::string_view("true") : std::string_view("false")); }
    void null() { put("null"); }
    /// Text that is a JSON value already.
    void raw(std::string_view json) { put(json); }

    /// The string, with nothing behind what was written.
    [[nodiscard]] std::string& out() {
        settle();
        return out_;
    }

private:
    /// This much is added at a time; longer pieces are appended.
    static constexpr std::size_t kSlack = 1536;

    void put(char c) {
        if (at_ == limit_) return put_slowly({&c, 1});
        *at_++ = c;
    }
    void put(std::string_view text) {
        if (static_cast<std::size_t>(limit_ - at_) < text.size()) return put_slowly(text);
        at_ = std::copy_n(text.data(), text.size(), at_);
    }
    void put_slowly(std::string_view text);
    void settle() {
        if (at_ == nullptr) return;
        out_.resize(static_cast<std::size_t>(at_ - out_.data()));
        at_ = limit_ = nullptr;
    }
    [[nodiscard]] char last() const noexcept { return at_ == nullptr ? out_.back() : at_[-1]; }
    void separate(char opening) {
        if (last() != opening) put(',');
    }
    void escape(const char* at, const char* end);
    void plain_string_slowly(std::string_view text);
    /// `stop`: its first character that needs one.
    void string_with_escapes(std::string_view text, const char* stop);

    std::string& out_;
    // Of a run: what was added to the string and not written yet; null: nothing.
    char* at_ = nullptr;
    char* limit_ = nullptr;
    bool running_ = false;
};

}  // namespace a2akit::json
