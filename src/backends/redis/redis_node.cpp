#include "backends/redis/redis_node.hpp"

#include "backends/redis/redis_error.hpp"
#include "backends/redis/server_info.hpp"
#include "core/log.hpp"

#include <utility>

namespace a2akit::redis {
namespace {

Result<RedisReply> without_error(Result<RedisReply> answered) {
    if (answered && answered->value().is_error())
        return fail(reply_error(answered->value().text()));
    return answered;
}

}  // namespace

RedisNode::RedisNode(RedisAddress address, RedisNames names, std::shared_ptr<const Clock> clock)
    : address_(std::move(address)),
      names_(std::move(names)),
      clock_(std::move(clock)),
      commands_(loops_[0], address_, "connection"),
      // Channels know no databases.
      notifier_(loops_[0], address_, commands_,
                key(names_.channel) + ':' + std::to_string(address_.database)),
      queue_(*this) {
    commands_.prepare([this](std::shared_ptr<RedisConnection> connection) {
        return inspect(std::move(connection));
    });
}

RedisNode::~RedisNode() = default;

std::string RedisNode::now() const {
    return clock_ ? std::to_string(clock_->now().time_since_epoch().count()) : std::string();
}

AsyncResult<RedisReply> RedisNode::run(RedisCommand command) {
    Result<RedisReply> answered = co_await commands_.run(std::move(command));
    co_return without_error(std::move(answered));
}

AsyncResult<RedisReply> RedisNode::run(const RedisScript& script, std::vector<std::string> keys,
                                       std::vector<std::string> args) {
    const auto call = [&](std::string_view how, const std::string& which) {
        RedisCommand command{how, which, std::to_string(keys.size())};
        for (const std::string& key : keys) command.add(key);
        for (const std::string& arg : args) command.add(arg);
        return command;
    };
    RedisCommand known = call("EVALSHA", script.sha1);
    Result<RedisReply> answered = co_await commands_.run(std::move(known));
    if (answered && answered->value().is_error() &&
        answered->value().text().starts_with("NOSCRIPT")) {
        RedisCommand told = call("EVAL", script.text);
        answered = co_await commands_.run(std::move(told));
    }
    co_return without_error(std::move(answered));
}

// -- Starting and stopping

AsyncResult<void> RedisNode::inspect(std::shared_ptr<RedisConnection> connection) {
    RedisCommand command{"INFO"};
    const auto told = co_await connection->ask(std::move(command), address_.answer_within);
    // A user may have no right to ask; what is wrong then shows with the first command.
    if (!told) co_return connection->is_open() ? Result<void>() : Result<void>(fail(told.error()));
    const ServerInfo info = ServerInfo::read(told->value().text());
    if (const auto problem = info.problem()) co_return fail(unavailable(*problem));
    const auto warning = info.warning();
    if (warning && !std::exchange(warned_of_eviction_, true)) log::warn("redis {}", *warning);
    co_return Result<void>();
}

AsyncResult<void> RedisNode::begin(unsigned role, bool first) {
    Result<void> begun;
    if (first) begun = co_await commands_.start();
    if (first && begun) begun = co_await notifier_.start();
    if (begun && role == kBroker) begun = co_await queue_.start();
    if (!begun && first) {
        co_await notifier_.stop();
        co_await commands_.stop();
    }
    co_return begun;
}

Async<void> RedisNode::end(unsigned role, bool last) {
    if (role == kBroker) co_await queue_.stop();
    if (!last) co_return;
    co_await notifier_.stop();
    co_await commands_.stop();
}

Result<void> RedisNode::state() {
    Result<void> listening = notifier_.state();
    if (!listening || !serves(kBroker)) return listening;
    return queue_.state();
}

AsyncResult<void> RedisNode::check() {
    RedisCommand ping{"PING"};
    const auto answered = co_await run(std::move(ping));
    if (!answered) co_return fail(answered.error());
    Loop& home = *Loop::current();
    calls_.fetch_add(1);
    co_await resume_on(loop());
    Result<void> stands = state();
    co_await resume_on(home);
    calls_.fetch_sub(1);
    co_return stands;
}

AsyncResult<void> RedisNode::check_writes() {
    Result<void> answers = co_await check();
    if (!answers) co_return answers;
    // Gone soon after the last check.
    RedisCommand write{"SET", key("probe"), "1", "EX", "60"};
    const auto written = co_await run(std::move(write));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

}  // namespace a2akit::redis
