#include "backends/redis/redis_reply.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace a2akit::redis {

std::string RedisCommand::formatted() const {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : words_) {
        words.push_back(word.data());
        lengths.push_back(word.size());
    }
    char* made = nullptr;
    const int length = ::redisFormatCommandArgv(&made, static_cast<int>(words.size()), words.data(),
                                                lengths.data());
    if (length < 0) throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&::redisFreeCommand)> owner(made, &::redisFreeCommand);
    return {made, static_cast<std::size_t>(length)};
}

bool RedisValue::is_nil() const noexcept {
    return raw_ == nullptr || raw_->type == REDIS_REPLY_NIL;
}
bool RedisValue::is_error() const noexcept {
    return raw_ != nullptr && raw_->type == REDIS_REPLY_ERROR;
}

std::string_view RedisValue::text() const noexcept {
    if (raw_ == nullptr) return {};
    const bool is_text =
        raw_->type == REDIS_REPLY_STRING || raw_->type == REDIS_REPLY_STATUS || is_error();
    return is_text ? std::string_view(raw_->str, raw_->len) : std::string_view();
}

std::int64_t RedisValue::number() const noexcept {
    return raw_ != nullptr && raw_->type == REDIS_REPLY_INTEGER ? raw_->integer : 0;
}

std::size_t RedisValue::size() const noexcept {
    return raw_ != nullptr && raw_->type == REDIS_REPLY_ARRAY ? raw_->elements : 0;
}

RedisValue RedisValue::operator[](std::size_t index) const noexcept {
    return RedisValue(index < size() ? raw_->element[index] : nullptr);
}

void RedisReply::Free::operator()(redisReply* raw) const noexcept { ::freeReplyObject(raw); }

}  // namespace a2akit::redis
