#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisReply;

namespace a2akit::redis {

/// A command as it goes over the wire.
class RedisCommand {
public:
    RedisCommand(std::initializer_list<std::string_view> words)
        : words_(words.begin(), words.end()) {}
    RedisCommand& add(std::string_view word) {
        words_.emplace_back(word);
        return *this;
    }
    RedisCommand& add(std::int64_t number) { return add(std::to_string(number)); }

    [[nodiscard]] std::string formatted() const;

private:
    std::vector<std::string> words_;
};

/// A part of a reply; valid as long as the RedisReply is.
class RedisValue {
public:
    explicit RedisValue(const redisReply* raw) noexcept : raw_(raw) {}

    [[nodiscard]] bool is_nil() const noexcept;
    [[nodiscard]] bool is_error() const noexcept;
    /// Of a string, a status or an error; else empty.
    [[nodiscard]] std::string_view text() const noexcept;
    /// Of an integer; else 0.
    [[nodiscard]] std::int64_t number() const noexcept;
    /// Of an array; else 0.
    [[nodiscard]] std::size_t size() const noexcept;
    /// A nil where there is none.
    [[nodiscard]] RedisValue operator[](std::size_t index) const noexcept;

private:
    const redisReply* raw_;  ///< null: nil
};

/// A reply of the server. Move-only.
class RedisReply {
public:
    RedisReply() noexcept = default;
    /// Takes it over.
    explicit RedisReply(redisReply* raw) noexcept : raw_(raw) {}

    [[nodiscard]] RedisValue value() const noexcept { return RedisValue(raw_.get()); }

private:
    struct Free {
        void operator()(redisReply* raw) const noexcept;
    };
    std::unique_ptr<redisReply, Free> raw_;
};

}  // namespace a2akit::redis
