#include "backends/redis/redis_connection.hpp"

#include "backends/redis/redis_error.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <new>
#include <utility>

namespace a2akit::redis {
namespace {

// After these another connection may lead to another server, or to the same one in a better state.
bool ends_connection(std::string_view error) {
    return error.starts_with("READONLY") || error.starts_with("NOAUTH") ||
           error.starts_with("MASTERDOWN");
}

}  // namespace

RedisConnection::RedisConnection(net::AsioLoop& loop)
    : loop_(loop), stream_(loop), reader_(::redisReaderCreate()) {
    if (reader_ == nullptr) throw std::bad_alloc();
}

RedisConnection::~RedisConnection() { ::redisReaderFree(reader_); }

AsyncResult<void> RedisConnection::open(const RedisAddress& address) {
    const auto keep = shared_from_this();
    open_by_ = loop_.now() + address.connect_within;
    watch_.start(loop_, *open_by_);
    Result<void> connected = co_await stream_.connect(address);
    if (connected && state_ == State::kFresh) {
        state_ = State::kOpen;
        await_readable();
        connected = co_await say_hello(address);
    }
    open_by_.reset();
    watch_.cancel();
    if (failure_) co_return fail(*failure_);
    if (!connected) close(connected.error());
    co_return connected;
}

AsyncResult<void> RedisConnection::say_hello(const RedisAddress& address) {
    if (!address.password.empty() || !address.user.empty()) {
        RedisCommand command{"AUTH"};
        if (!address.user.empty()) command.add(address.user);
        command.add(address.password);
        const auto let_in = co_await ask(std::move(command), address.answer_within);
        if (!let_in) co_return fail(let_in.error());
    }
    RedisCommand command{"SELECT", std::to_string(address.database)};
    const auto selected = co_await ask(std::move(command), address.answer_within);
    if (!selected) co_return fail(selected.error());
    co_return Result<void>();
}

/// Sends a request of the coroutine's own and waits for it.
struct RedisConnection::Reply {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        request.waiter = waiter;
        request.home = Loop::current();
        connection.send(request);
    }
    Result<RedisReply> await_resume() noexcept { return std::move(request.outcome); }
    RedisConnection& connection;
    RedisRequest& request;
};

AsyncResult<RedisReply> RedisConnection::ask(RedisCommand command, Duration within) {
    RedisRequest request(command, within);
    Reply reply{*this, request};
    Result<RedisReply> answered = co_await reply;
    if (answered && answered->value().is_error())
        co_return fail(reply_error(answered->value().text()));
    co_return answered;
}

void RedisConnection::send(RedisRequest& request) {
    if (state_ != State::kOpen)
        return request.finish(fail(failure_ ? *failure_ : connection_lost()));
    request.since = loop_.now();
    waiting_ += request.command;
    under_way_.push(request);
    if (!watch_.started()) watch_.start(loop_, request.since + request.within);
    if (flush_.keep == nullptr) {
        flush_.keep = shared_from_this();
        loop_.post(flush_);
    }
}

void RedisConnection::look_for_overdue() noexcept {
    const auto keep = shared_from_this();
    const SteadyTime now = loop_.now();
    if (open_by_ && *open_by_ <= now) {
        return close(unavailable(
            stream_.shakes_hands()
                ? "Redis does not answer the TLS handshake; check that the port speaks TLS"
                : "the host of the Redis URL does not answer; check host, port and firewall"));
    }
    const RedisRequest* const oldest = under_way_.front();
    if (oldest == nullptr) return;
    const SteadyTime due = oldest->since + oldest->within;
    if (due <= now) return close(connection_lost());
    watch_.start(loop_, open_by_ ? std::min(due, *open_by_) : due);
}

// Who hangs up before the first answer has not understood us.
Error RedisConnection::lost_by(const net::NetError& error) const {
    namespace failures = boost::asio::error;
    const bool hung_up = error == failures::eof || error == failures::connection_reset ||
                         error == failures::broken_pipe;
    return open_by_ && hung_up ? not_redis() : stream_error(error);
}

void RedisConnection::flush() noexcept {
    if (state_ != State::kOpen || writing_ || waiting_.empty()) return;
    writing_ = true;
    sending_.clear();
    sending_.swap(waiting_);
    stream_.write(sending_, [self = shared_from_this()](const net::NetError& error, std::size_t) {
        self->writing_ = false;
        if (error) return self->close(self->lost_by(error));
        self->flush();
    });
}

void RedisConnection::await_readable() {
    stream_.read(buffer_,
                 [self = shared_from_this()](const net::NetError& error, std::size_t bytes) {
                     if (self->state_ == State::kClosed) return;
                     if (error) return self->close(self->lost_by(error));
                     self->read(bytes);
                     if (self->state_ == State::kOpen) self->await_readable();
                 });
}

void RedisConnection::read(std::size_t bytes) {
    ::redisReaderFeed(reader_, buffer_.data(), bytes);
    while (state_ == State::kOpen) {
        void* made = nullptr;
        if (::redisReaderGetReply(reader_, &made) != REDIS_OK) return close(not_redis());
        if (made == nullptr) return;
        take(RedisReply(static_cast<redisReply*>(made)));
    }
}

void RedisConnection::take(RedisReply reply) {
    const RedisValue value = reply.value();
    if (on_message_ && value.size() == 3 && value[0].text() == "message")
        return on_message_(value[2].text());
    RedisRequest* const request = under_way_.pop();
    // Only a server that turns us away speaks unasked.
    if (request == nullptr)
        return close(value.is_error() ? reply_error(value.text()) : not_redis());
    const bool ends = value.is_error() && ends_connection(value.text());
    const Error error = ends ? reply_error(value.text()) : Error{};
    request->finish(std::move(reply));
    if (ends) close(error);
}

void RedisConnection::close(const Error& error) {
    if (state_ == State::kClosed) return;
    state_ = State::kClosed;
    failure_ = error;
    watch_.cancel();
    stream_.close();
    while (RedisRequest* request = under_way_.pop()) request->finish(fail(error));
    closed_.set();
}

}  // namespace a2akit::redis
