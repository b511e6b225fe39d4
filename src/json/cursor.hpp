#pragma once

#include "json/scan.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::json {

/// How strictly the text is read. Requests must follow every rule. The response of another server
/// is read leniently: no field is required, and an enum's unknown name becomes its unspecified
/// value.
enum class Mode : std::uint8_t { kStrict, kLenient };

struct Limits {
    std::size_t max_bytes = 64u << 20;
    int max_depth = 64;  ///< Objects and arrays inside one another.
    /// Of an array that is read, not skipped.
    long max_elements = std::numeric_limits<long>::max();
};

/// Limits for text that a node has written. It may hold whole requests and values of handlers,
/// which were checked against `Limits` before; the enclosing JSON adds levels and bytes, so these
/// limits are wider. The depth stays bounded because reading is recursive.
inline constexpr Limits kReadBack{.max_bytes = std::numeric_limits<std::size_t>::max(),
                                  .max_depth = 256};

enum class Kind : std::uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull, kNone };

struct PathNode;

/// Walks through one JSON text from front to back, once, without a copy; every byte is checked,
/// whether its value is wanted or skipped.
///
/// Two kinds of faults. Text that is not JSON (or too deep, too long, not UTF-8) stops the walk:
/// the call returns false, and the caller returns false immediately. A value that is JSON but not
/// what the field needs is noted as a violation with the field's path, its value is skipped, and
/// the walk goes on (true), so that one answer names all of them. `finish` tells both.
///
/// REQUIRES: the text outlives the cursor. Each reading call consumes exactly one value.
class Cursor {
public:
    explicit Cursor(std::string_view text, Mode mode = Mode::kStrict, Limits limits = {});
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    [[nodiscard]] Mode mode() const noexcept { return mode_; }
    /// The type of the value ahead; kNone when no value can begin there. Consumes nothing.
    [[nodiscard]] Kind kind() noexcept;

    /// Calls `on_field(std::string_view key)` per field; it consumes the value and returns false
    /// when a call of this class did. Duplicate keys are the caller's matter: each is reported.
    template <class F>
    bool object(F&& on_field);
    /// Calls `on_element()` per element, likewise.
    template <class F>
    bool array(F&& on_element);

    bool string(std::string& out);
    bool boolean(bool& out);
    /// A number or a decimal string, whole, in the range of 32 bits.
    bool int32(std::int32_t& out);
    /// base64 in a string, decoded.
    bool bytes(std::string& out);
    /// A number's text, or a string's content. Views live as long as the text, or until the next
    /// call on this cursor.
    bool token(std::string_view& out, std::string_view expected);
    /// Consumes a null if one is ahead; otherwise nothing, and `is_null` is false.
    bool null(bool& is_null);
    bool skip();
    /// The value's own text, a view into the text that was given.
    bool raw(std::string_view& slice);
    /// The value, checked and without insignificant white space.
    bool raw_json(RawJson& out);

    /// Notes that the field being read, or `child` of it, is wrong.
    void violation(std::string_view child, std::string description);
    /// As `violation`, and skips the value: "must be <expected>".
    bool mismatch(std::string_view expected);

    /// Hides the path walked so far: fields are named from the value ahead on.
    class RelativePath {
    public:
        explicit RelativePath(Cursor& cursor) noexcept : cursor_(cursor), outer_(cursor.path_) {
            cursor.path_ = nullptr;
        }
        ~RelativePath() { cursor_.path_ = outer_; }
        RelativePath(const RelativePath&) = delete;
        RelativePath& operator=(const RelativePath&) = delete;

    private:
        Cursor& cursor_;
        const PathNode* outer_;
    };

    [[nodiscard]] std::size_t violation_count() const noexcept { return violation_count_; }
    /// After the root value was read. kParseError: not JSON, or text follows; kInvalidParams with
    /// every violation.
    [[nodiscard]] Result<void> finish();

private:
    friend class RelativePath;

    char ahead() noexcept {
        if (at_ == end_) return '\0';
        const char c = *at_;
        return static_cast<unsigned char>(c) > ' ' ? c : ahead_after_space();
    }
    char ahead_after_space() noexcept;
    bool enter() {
        ++at_;
        return ++depth_ <= max_depth_ || too_deep();
    }
    bool too_deep();
    void too_many();
    bool leave() noexcept {
        ++at_;
        --depth_;
        return true;
    }
    /// After a value inside a container: true when another follows.
    bool comma() noexcept {
        if (ahead() != ',') return false;
        ++at_;
        return true;
    }
    bool key(std::string_view& name, std::string& unescaped);
    bool unexpected(std::string_view expected);
    bool broken(std::string message);
    bool literal(std::string_view word);
    bool number(std::string_view& token);
    static bool in_range_of_double(std::string_view token);
    /// The inside of a string without escapes, or unescaped into `scratch`; the cursor is at the
    /// opening quote.
    bool text_of_string(std::string_view& text, std::string& scratch) {
        const char* const start = ++at_;
        at_ = find_special(at_, end_);
        if (at_ == end_ || *at_ != '"') return text_with_escapes(start, text, scratch);
        text = {start, at_++};
        return true;
    }
    bool text_with_escapes(const char* start, std::string_view& text, std::string& scratch);
    bool unescape(const char* from, std::string& out);
    bool escape_sequence(std::string& out);
    bool four_hex(unsigned& value);
    bool skip_string();
    bool skip_object();
    bool skip_array();
    [[nodiscard]] std::string path(std::string_view child) const;

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t space_ = 0;  ///< Insignificant bytes passed so far.
    const PathNode* path_ = nullptr;
    int depth_ = 0;
    int max_depth_;
    long max_elements_;
    Mode mode_;
    bool broken_ = false;
    std::string scratch_;
    std::string message_;  ///< Of the fault that stopped the walk.
    std::size_t violation_count_ = 0;
    std::vector<FieldViolation> violations_;  ///< The first ones.
};

/// One step of the path to the value ahead; lives on the stack of the walk.
struct PathNode {
    PathNode(const PathNode*& top) noexcept : top_(top), outer(top) { top = this; }
    ~PathNode() { top_ = outer; }
    PathNode(const PathNode&) = delete;
    PathNode& operator=(const PathNode&) = delete;

    const PathNode*& top_;
    const PathNode* outer;
    std::string_view key;
    long index = -1;  ///< Of an array's element; -1: a field.
};

inline Kind Cursor::kind() noexcept {
    switch (ahead()) {
        case '{':
            return Kind::kObject;
        case '[':
            return Kind::kArray;
        case '"':
            return Kind::kString;
        case 't':
        case 'f':
            return Kind::kBoolean;
        case 'n':
            return Kind::kNull;
        case '-':
            return Kind::kNumber;
        default:
            return ahead() >= '0' && ahead() <= '9' ? Kind::kNumber : Kind::kNone;
    }
}

inline bool Cursor::key(std::string_view& name, std::string& unescaped) {
    if (ahead() != '"') return unexpected("a field's name in quotes");
    if (!text_of_string(name, unescaped)) return false;
    if (ahead() != ':') return unexpected("':' after a field's name");
    ++at_;
    return true;
}

inline bool Cursor::null(bool& is_null) {
    is_null = ahead() == 'n';
    return !is_null || literal("null");
}

template <class F>
bool Cursor::object(F&& on_field) {
    if (ahead() != '{') return mismatch("an object");
    if (!enter()) return false;
    if (ahead() == '}') return leave();
    PathNode node(path_);
    std::string unescaped;
    do {
        if (!key(node.key, unescaped) || !on_field(node.key)) return false;
    } while (comma());
    return ahead() == '}' ? leave() : unexpected("',' or '}' after a field");
}

template <class F>
bool Cursor::array(F&& on_element) {
    if (ahead() != '[') return mismatch("an array");
    if (!enter()) return false;
    if (ahead() == ']') return leave();
    PathNode node(path_);
    do {
        if (++node.index == max_elements_) too_many();
        if (node.index < max_elements_ ? !on_element() : !skip()) return false;
    } while (comma());
    return ahead() == ']' ? leave() : unexpected("',' or ']' after an element");
}

}  // namespace a2akit::json
