#include "runtime/tasks/dispatcher.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/codec.hpp"
#include "runtime/agent_scope.hpp"

#include <exception>
#include <type_traits>
#include <utility>

namespace a2akit {
namespace {

// The operation is named in the body.
constexpr std::string_view kNotRead = "(not read)";
constexpr std::string_view kNoStdException = "an exception that is not derived from std::exception";

// The text of an exception is for the operator, not for the client.
Error internal_error(const RequestContext& context, std::string_view operation,
                     std::string_view where, std::string_view what) {
    log::error("{} threw request_id={} operation={} error={}", where, context.request_id, operation,
               quoted(what));
    return Error{ErrorCode::kInternal, "internal error", nullptr};
}
Error internal_error(const RequestEnvelope& envelope, std::string_view where,
                     std::string_view what) {
    return internal_error(envelope.context, to_string(envelope.operation), where, what);
}

/// For operators who look for guessed passwords. Logs neither the credentials nor why they were
/// refused.
void note_refusal(const RequestContext& context, std::string_view operation, const Error& error) {
    if (error.code != ErrorCode::kUnauthenticated && error.code != ErrorCode::kPermissionDenied)
        return;
    log::info("a caller was refused reason={} remote={} operation={} request_id={}",
              to_string(error.code), quoted(context.remote_address), operation, context.request_id);
}
void note_refusal(const RequestEnvelope& envelope, const Error& error) {
    note_refusal(envelope.context, to_string(envelope.operation), error);
}

/// Names of the principal and the owner, as the application gives them: they are keys of Storage,
/// and the client cannot shorten them.
std::optional<Error> refuse_long_name(const RequestEnvelope& envelope, std::string_view what,
                                      std::string_view name) {
    if (name.size() <= kMaxNameBytes) return std::nullopt;
    log::error("{} is longer than {} bytes request_id={} operation={} bytes={}", what,
               kMaxNameBytes, envelope.context.request_id, to_string(envelope.operation),
               name.size());
    return Error{ErrorCode::kInternal, "internal error", nullptr};
}

/// `reply` outlives the coroutine, and is empty.
template <class T>
Async<void> fill(Result<Reply>& reply, AsyncResult<T> pending) {
    Result<T> result = co_await std::move(pending);
    if (!result)
        reply = fail(std::move(result.error()));
    else if constexpr (!std::is_void_v<T>)
        reply->emplace<T>(std::move(*result));
}

/// If the path does not name a tenant, the tenant of the params is used.
void fill_tenant(RequestEnvelope& envelope) {
    if (!envelope.tenant.empty()) return;
    std::visit([&](const auto& params) { envelope.tenant = params.tenant; }, envelope.params);
}

/// Takes what it needs out of the envelope, unless it is watched: then the middlewares see it
/// again. Returns the command where its receiver wants it.
SendCommand command_of(RequestEnvelope& envelope, SendMessageRequest& request, OwnerScope scope,
                       bool watched) {
    auto context = watched ? std::make_shared<RequestContext>(envelope.context)
                           : std::make_shared<RequestContext>(std::move(envelope.context));
    // A stream may stay open for hours, and its context with it.
    if (envelope.operation == Operation::kSendStreamingMessage) context->headers.shrink_to_fit();
    if (watched)
        context->sender = envelope.principal;
    else
        context->sender = std::move(envelope.principal);
    return {.request = watched ? request : std::move(request),
            .scope = std::move(scope),
            .context = std::move(context),
            .extensions = envelope.activated_extensions,
            .idempotency_key = envelope.idempotency_key,
            .client = envelope.client,
            .version = envelope.version};
}

/// The error for an envelope whose params belong to another operation, since a middleware may
/// replace anything.
Error wrong_params(Operation operation) {
    return Error{
        ErrorCode::kInvalidRequest,
        "the parameters do not belong to the operation " + std::string(to_string(operation)),
        nullptr};
}

/// What the operation holds open for as long as it is under way; nullopt: nothing.
std::optional<CallerSlots::Kind> kind_of_slot(const RequestEnvelope& envelope) {
    switch (envelope.operation) {
        case Operation::kSendStreamingMessage:
        case Operation::kSubscribeToTask:
            return CallerSlots::Kind::kStream;
        case Operation::kSendMessage: {
            const auto* send = std::get_if<SendMessageRequest>(&envelope.params);
            const bool waits = send != nullptr &&
                               !(send->configuration && send->configuration->return_immediately);
            if (waits) return CallerSlots::Kind::kWaitingSend;
            return std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

}  // namespace

Dispatcher::Dispatcher(TaskManager& manager, const AgentCard& card, DispatcherOptions options)
    : manager_(manager), rules_(card), options_(std::move(options)) {}

AsyncResult<void> Dispatcher::before_body(RequestContext& context) {
    for (const auto& middleware : options_.middlewares) {
        try {
            Result<void> passed = co_await middleware->before_body(context);
            if (passed) continue;
            note_refusal(context, kNotRead, passed.error());
            co_return passed;
        } catch (const std::exception& e) {
            co_return internal_error(context, kNotRead, "a middleware", e.what());
        } catch (...) {
            co_return internal_error(context, kNotRead, "a middleware", kNoStdException);
        }
    }
    co_return Result<void>{};
}

Async<void> Dispatcher::answer(RequestEnvelope& envelope, HandledRequest& handled) {
    fill_tenant(envelope);
    return options_.middlewares.empty() ? dispatch(envelope, handled)
                                        : answer_watched(envelope, handled);
}

Async<void> Dispatcher::answer_watched(RequestEnvelope& envelope, HandledRequest& handled) {
    std::size_t started = 0;
    Result<void> passed = co_await before(envelope, started);
    if (passed) {
        co_await dispatch(envelope, handled);
    } else {
        note_refusal(envelope, passed.error());
        handled.reply = fail(std::move(passed.error()));
    }
    co_await after(envelope, handled.reply, started);
    handled.activated_extensions = std::move(envelope.activated_extensions);
}

AsyncResult<void> Dispatcher::before(RequestEnvelope& envelope, std::size_t& started) {
    for (const auto& middleware : options_.middlewares) {
        ++started;
        try {
            Result<void> passed = co_await middleware->before_dispatch(envelope);
            if (!passed) co_return passed;
        } catch (const std::exception& e) {
            co_return internal_error(envelope, "a middleware", e.what());
        } catch (...) {
            co_return internal_error(envelope, "a middleware", kNoStdException);
        }
    }
    co_return Result<void>{};
}

Async<void> Dispatcher::after(const RequestEnvelope& envelope, const Result<Reply>& reply,
                              std::size_t started) {
    while (started > 0) {
        --started;
        try {
            const Result<void> seen =
                co_await options_.middlewares[started]->after_dispatch(envelope, reply);
            if (!seen) {
                log::warn("after_dispatch failed request_id={} error={}",
                          envelope.context.request_id, quoted(seen.error().message));
            }
        } catch (const std::exception& e) {
            (void)internal_error(envelope, "after_dispatch", e.what());
        } catch (...) {
            (void)internal_error(envelope, "after_dispatch", kNoStdException);
        }
    }
}

Result<OwnerScope> Dispatcher::authorize(const RequestEnvelope& envelope) const {
    try {
        Result<OwnerScope> scope = options_.authorizer->authorize(envelope);
        // Never give a client the runtime's all-tasks scope, even if the application's authorizer
        // returns it.
        if (scope) scope->system = false;
        return scope;
    } catch (const std::exception& e) {
        return internal_error(envelope, "the authorizer", e.what());
    } catch (...) {
        return internal_error(envelope, "the authorizer", kNoStdException);
    }
}

Async<void> Dispatcher::dispatch(RequestEnvelope& envelope, HandledRequest& handled) {
    Result<Reply>& reply = handled.reply;
    const auto refuse = [&reply](Error error) {
        reply = fail(std::move(error));
        return Async<void>();
    };
    if (auto refusal =
            refuse_long_name(envelope, "the name of a principal", envelope.principal.name))
        return refuse(std::move(*refusal));
    Result<OwnerScope> scope = authorize(envelope);
    if (!scope) {
        note_refusal(envelope, scope.error());
        return refuse(std::move(scope.error()));
    }
    if (envelope.operation == Operation::kGetExtendedAgentCard && options_.extended_card)
        return give_extended_card(envelope, reply);
    if (auto refusal = rules_.refuse(envelope)) return refuse(std::move(*refusal));
    if (auto refusal = refuse_long_name(envelope, "the owner of a scope", scope->owner))
        return refuse(std::move(*refusal));
    if (auto refusal = refuse_long_name(envelope, "the tenant of a scope", scope->tenant))
        return refuse(std::move(*refusal));
    Result<std::vector<std::string>> active = rules_.activate(envelope.extensions);
    if (!active) return refuse(std::move(active.error()));
    handled.activated_extensions = *active;
    envelope.activated_extensions = std::move(*active);
    scope->owner = owner_with_agent(options_.agent, std::move(scope->owner));
    const bool has_limits = options_.limits.slots || options_.limits.quota;
    if (has_limits && !envelope.principal.is_anonymous())
        return perform_within_limits(envelope, std::move(*scope), reply);
    return perform(envelope, std::move(*scope), reply);
}

Async<void> Dispatcher::perform_within_limits(RequestEnvelope& envelope, OwnerScope scope,
                                              Result<Reply>& reply) {
    std::optional<CallerSlots::Slot> slot;
    if (const auto kind = kind_of_slot(envelope); kind && options_.limits.slots) {
        Result<CallerSlots::Slot> taken =
            options_.limits.slots->take(envelope.principal.name, *kind);
        if (!taken) {
            reply = fail(std::move(taken.error()));
            co_return;
        }
        slot.emplace(std::move(*taken));
    }
    const auto* send = std::get_if<SendMessageRequest>(&envelope.params);
    if (send != nullptr && options_.limits.quota) {
        const auto bytes = static_cast<std::int64_t>(json::encode(send->message).size());
        const bool new_task = send->message.task_id.empty();
        AsyncResult<void> admitting = options_.limits.quota->admit(scope.owner, new_task, bytes);
        Result<void> admitted = co_await std::move(admitting);
        if (!admitted) {
            reply = fail(std::move(admitted.error()));
            co_return;
        }
    }
    Async<void> performing = perform(envelope, std::move(scope), reply);
    co_await std::move(performing);
    if (!reply || !slot) co_return;
    if (auto* stream = std::get_if<std::unique_ptr<EventStream>>(&*reply))
        *stream = CallerSlots::held(std::move(*stream), std::move(*slot));
}

Async<void> Dispatcher::give_extended_card(const RequestEnvelope& envelope, Result<Reply>& reply) {
    // Section 13.3 of the specification demands authentication.
    if (envelope.principal.is_anonymous()) {
        Error refusal{ErrorCode::kUnauthenticated,
                      "the extended card is for callers with credentials", nullptr};
        note_refusal(envelope, refusal);
        reply = fail(std::move(refusal));
        co_return;
    }
    try {
        Result<AgentCard> card = co_await options_.extended_card(envelope);
        if (card)
            reply = Reply(std::move(*card));
        else
            reply = fail(std::move(card.error()));
    } catch (const std::exception& e) {
        reply = internal_error(envelope, "the provider of the extended card", e.what());
    } catch (...) {
        reply = internal_error(envelope, "the provider of the extended card", kNoStdException);
    }
}

Async<void> Dispatcher::perform(RequestEnvelope& envelope, OwnerScope scope, Result<Reply>& reply) {
    switch (envelope.operation) {
        case Operation::kSendMessage:
        case Operation::kSendStreamingMessage: {
            auto* request = std::get_if<SendMessageRequest>(&envelope.params);
            if (request == nullptr) break;
            const bool watched = !options_.middlewares.empty();
            if (envelope.operation == Operation::kSendMessage)
                return fill(reply, manager_.send(
                                       command_of(envelope, *request, std::move(scope), watched)));
            return fill(reply, manager_.send_streaming(
                                   command_of(envelope, *request, std::move(scope), watched)));
        }
        case Operation::kGetTask:
            if (auto* request = std::get_if<GetTaskRequest>(&envelope.params)) {
                return fill(reply, manager_.get(*request, std::move(scope)));
            }
            break;
        case Operation::kListTasks:
            if (auto* request = std::get_if<ListTasksRequest>(&envelope.params)) {
                return fill(reply, manager_.list(*request, std::move(scope)));
            }
            break;
        case Operation::kCancelTask:
            if (auto* request = std::get_if<CancelTaskRequest>(&envelope.params)) {
                return fill(reply, manager_.cancel(*request, std::move(scope)));
            }
            break;
        case Operation::kSubscribeToTask:
            if (auto* request = std::get_if<SubscribeToTaskRequest>(&envelope.params)) {
                return fill(reply,
                            manager_.subscribe(*request, std::move(scope), envelope.last_event_id));
            }
            break;
        default:
            return perform_push(envelope, std::move(scope), reply);
    }
    reply = wrong_params(envelope.operation);
    return {};
}

Async<void> Dispatcher::perform_push(RequestEnvelope& envelope, OwnerScope scope,
                                     Result<Reply>& reply) {
    switch (envelope.operation) {
        case Operation::kCreateTaskPushNotificationConfig:
            if (auto* config = std::get_if<TaskPushNotificationConfig>(&envelope.params)) {
                return fill(reply,
                            options_.push->create(*config, std::move(scope), envelope.version));
            }
            break;
        case Operation::kGetTaskPushNotificationConfig:
            if (auto* request =
                    std::get_if<GetTaskPushNotificationConfigRequest>(&envelope.params)) {
                return fill(reply, options_.push->get(*request, std::move(scope)));
            }
            break;
        case Operation::kListTaskPushNotificationConfigs:
            if (auto* request =
                    std::get_if<ListTaskPushNotificationConfigsRequest>(&envelope.params)) {
                return fill(reply, options_.push->list(*request, std::move(scope)));
            }
            break;
        case Operation::kDeleteTaskPushNotificationConfig:
            if (auto* request =
                    std::get_if<DeleteTaskPushNotificationConfigRequest>(&envelope.params)) {
                return fill(reply, options_.push->remove(*request, std::move(scope)));
            }
            break;
        // The rules refuse all other operations.
        default:
            break;
    }
    reply = wrong_params(envelope.operation);
    return {};
}

}  // namespace a2akit
