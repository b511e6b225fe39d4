#include "server/admin.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/writer.hpp"
#include "runtime/agent_scope.hpp"
#include "wire/error_render.hpp"
#include "wire/uri.hpp"

#include <openssl/crypto.h>

#include <charconv>
#include <utility>

namespace a2akit {
namespace {

constexpr int kPage = 100;
constexpr const char* kJson = "application/json";

wire::HttpResponse json_answer(std::string body) {
    wire::HttpResponse response;
    response.content_type = kJson;
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = std::move(body);
    return response;
}

void write(json::Writer& writer, const DeadLetter& letter) {
    const auto text = [&](std::string_view key, std::string_view value) {
        writer.key(key);
        writer.string(value);
    };
    writer.begin_object();
    text("taskId", letter.task.to_string());
    writer.key("turn");
    writer.integer(letter.turn);
    if (!letter.agent.empty()) text("agent", letter.agent);
    text("owner", letter.owner.owner);
    text("tenant", letter.owner.tenant);
    text("contextId", letter.context_id);
    text("messageId", letter.message->message_id);
    text("reason", letter.reason);
    writer.key("timestamp");
    writer.timestamp(letter.at);
    writer.key("attempts");
    writer.integer(letter.attempts);
    if (letter.redriven) text("redrivenTaskId", letter.redriven->to_string());
    writer.end_object();
}

Result<TaskId> task_of(std::string_view field, const std::string& text) {
    const auto task = TaskId::parse(text);
    if (!task) return fail(Error::invalid_field(std::string(field), "must be the id of a task"));
    return *task;
}

/// 0, which no list takes, when it cannot be read.
int limit_of(const std::string& query) {
    int limit = kPage;
    const std::string given = wire::query_value(query, "limit");
    if (given.empty()) return limit;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), limit);
    return error == std::errc{} && end == given.data() + given.size() ? limit : 0;
}

void write(json::Writer& writer, const PushDeadLetter& letter) {
    const auto text = [&](std::string_view key, std::string_view value) {
        writer.key(key);
        writer.string(value);
    };
    writer.begin_object();
    text("id", letter.key.to_string());
    text("taskId", letter.task.to_string());
    text("owner", letter.owner.owner);
    text("tenant", letter.owner.tenant);
    text("configId", letter.config_id);
    writer.key("delivered");
    writer.integer(static_cast<std::int64_t>(letter.cursor));
    text("reason", letter.reason);
    writer.key("timestamp");
    writer.timestamp(letter.at);
    writer.key("attempts");
    writer.integer(letter.attempts);
    writer.end_object();
}

Result<Uuid> uuid_of(std::string_view field, const std::string& text) {
    const auto id = Uuid::parse(text);
    if (!id)
        return fail(Error::invalid_field(std::string(field), "must be the id of a dead letter"));
    return *id;
}

std::optional<Error> refuse_limit(int limit) {
    if (limit >= 1 && limit <= Admin::kMostAtOnce) return std::nullopt;
    return Error::invalid_field("limit", "must be from 1 to " + std::to_string(Admin::kMostAtOnce));
}

Error no_push() {
    return {ErrorCode::kUnsupportedOperation, "this agent sends no push notifications", nullptr};
}

}  // namespace

AsyncResult<std::vector<DeadLetter>> Admin::listed(AsyncResult<std::vector<DeadLetter>> pending) {
    Result<std::vector<DeadLetter>> letters = co_await std::move(pending);
    if (!letters) co_return letters;
    for (DeadLetter& letter : *letters) {
        letter.agent = agent_of(letter.owner);
        letter.owner.owner = std::string(principal_of(letter.owner));
    }
    co_return letters;
}

AsyncResult<std::vector<DeadLetter>> Admin::dead_letters(std::optional<TaskId> after, int limit) {
    if (auto refused = refuse_limit(limit)) return std::move(*refused);
    return listed(runtime_.ports().maintenance->dead_letters(after, limit));
}

AsyncResult<std::vector<PushDeadLetter>> Admin::push_dead_letters(std::optional<Uuid> after,
                                                                  int limit) {
    if (auto refused = refuse_limit(limit)) return std::move(*refused);
    if (!push_) return no_push();
    return push_->dead_deliveries(after, limit);
}

AsyncResult<void> Admin::redrive_push(Uuid dead_letter) {
    if (!push_) return no_push();
    return push_->redrive_delivery(dead_letter);
}

AsyncResult<TaskId> Admin::redrive(TaskId dead_letter) {
    std::optional<TaskId> after;
    while (true) {
        Result<std::vector<DeadLetter>> page =
            co_await runtime_.ports().maintenance->dead_letters(after, kMostAtOnce);
        if (!page) co_return fail(std::move(page.error()));
        for (DeadLetter& letter : *page) {
            if (letter.task == dead_letter) co_return co_await runtime_.redrive(std::move(letter));
        }
        if (page->size() < static_cast<std::size_t>(kMostAtOnce)) break;
        after = page->back().task;
    }
    co_return Error::about_task(ErrorCode::kTaskNotFound, "there is no dead letter of this task",
                                dead_letter.to_string());
}

bool AdminSite::may(std::string_view authorization) const {
    const std::string expected = "Bearer " + token_;
    return authorization.size() == expected.size() &&
           CRYPTO_memcmp(authorization.data(), expected.data(), expected.size()) == 0;
}

void AdminSite::list_resources(wire::Resources& resources) {
    using Request = wire::ResourceRequest;
    constexpr auto kOperator = wire::Resource::Access::kOperator;
    resources.insert(
        resources.end(),
        {{.method = "GET",
          .path = "/admin/dead-letters",
          .access = kOperator,
          .answer = [this](Request request) { return list(std::move(request.query)); }},
         {.method = "POST",
          .path = "/admin/dead-letters/{id}:redrive",
          .access = kOperator,
          .answer = [this](Request request) { return redrive(std::move(request.id)); }},
         {.method = "GET",
          .path = "/admin/push-dead-letters",
          .access = kOperator,
          .answer = [this](Request request) { return list_push(std::move(request.query)); }},
         {.method = "POST",
          .path = "/admin/push-dead-letters/{id}:redrive",
          .access = kOperator,
          .answer = [this](Request request) { return redrive_push(std::move(request.id)); }}});
}

std::optional<wire::HttpResponse> AdminSite::refuse(const wire::ResourceRequest& request) {
    const std::string_view authorization = request.head.header("authorization");
    if (may(authorization)) return std::nullopt;
    // For operators who look for guessed tokens. The token that was sent is not logged.
    log::info("a caller was refused reason={} remote={} path=/admin/dead-letters",
              authorization.empty() ? "NO_OPERATOR_TOKEN" : "WRONG_OPERATOR_TOKEN",
              quoted(request.caller));
    if (!authorization.empty()) {
        const auto slowed = guard_.count_failure(request.caller, std::chrono::steady_clock::now());
        if (slowed) return wire::status_error(*slowed, kJson);
    }
    Error::Details details;
    details.challenge = "Bearer realm=\"admin\"";
    const Error error{ErrorCode::kUnauthenticated, "this path needs the operator's token", nullptr};
    return wire::status_error(error.with(std::move(details)), kJson);
}

Async<wire::HttpResponse> AdminSite::list(std::string query) {
    std::optional<TaskId> after;
    if (const std::string given = wire::query_value(query, "after"); !given.empty()) {
        const Result<TaskId> task = task_of("after", given);
        if (!task) co_return wire::status_error(task.error(), kJson);
        after = *task;
    }
    const int limit = limit_of(query);
    const Result<std::vector<DeadLetter>> letters = co_await admin_.dead_letters(after, limit);
    if (!letters) co_return wire::status_error(letters.error(), kJson);
    std::string body = R"({"deadLetters":[)";
    json::Writer writer(body);
    for (const DeadLetter& letter : *letters) {
        writer.element();
        write(writer, letter);
    }
    writer.end_array();
    if (letters->size() == static_cast<std::size_t>(limit)) {
        writer.key("next");
        writer.string(letters->back().task.to_string());
    }
    writer.end_object();
    co_return json_answer(std::move(body));
}

Async<wire::HttpResponse> AdminSite::list_push(std::string query) {
    std::optional<Uuid> after;
    if (const std::string given = wire::query_value(query, "after"); !given.empty()) {
        const Result<Uuid> id = uuid_of("after", given);
        if (!id) co_return wire::status_error(id.error(), kJson);
        after = *id;
    }
    const int limit = limit_of(query);
    const auto letters = co_await admin_.push_dead_letters(after, limit);
    if (!letters) co_return wire::status_error(letters.error(), kJson);
    std::string body = R"({"deadLetters":[)";
    json::Writer writer(body);
    for (const PushDeadLetter& letter : *letters) {
        writer.element();
        write(writer, letter);
    }
    writer.end_array();
    if (letters->size() == static_cast<std::size_t>(limit)) {
        writer.key("next");
        writer.string(letters->back().key.to_string());
    }
    writer.end_object();
    co_return json_answer(std::move(body));
}

Async<wire::HttpResponse> AdminSite::redrive_push(std::string id) {
    const Result<Uuid> key = uuid_of("id", id);
    if (!key) co_return wire::status_error(key.error(), kJson);
    const Result<void> redriven = co_await admin_.redrive_push(*key);
    if (!redriven) co_return wire::status_error(redriven.error(), kJson);
    co_return json_answer("{}");
}

Async<wire::HttpResponse> AdminSite::redrive(std::string id) {
    const Result<TaskId> task = task_of("taskId", id);
    if (!task) co_return wire::status_error(task.error(), kJson);
    const Result<TaskId> made = co_await admin_.redrive(*task);
    if (!made) co_return wire::status_error(made.error(), kJson);
    co_return json_answer(R"({"taskId":")" + made->to_string() + "\"}");
}

}  // namespace a2akit
