#pragma once

#include "runtime/tasks/caller_slots.hpp"
#include "runtime/tasks/owner_quota.hpp"
#include "runtime/tasks/push_configs.hpp"
#include "runtime/tasks/request_validation.hpp"
#include "runtime/tasks/task_manager.hpp"

#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/authorizer.hpp>
#include <a2akit/request/middleware.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace a2akit {

/// What one caller may take of a server. Null: as much as there is. Anonymous callers are not told
/// apart, so that they have no limit of their own.
struct CallerLimits {
    std::shared_ptr<CallerSlots> slots = nullptr;  ///< By the principal's name.
    std::shared_ptr<OwnerQuota> quota = nullptr;   ///< By the owner of the scope.
};

/// Makes the extended card for the caller of a request, which outlives the call. Its errors are
/// those a client may see.
using ExtendedCard = std::function<AsyncResult<AgentCard>(const RequestEnvelope& envelope)>;

/// What stands between the requests of an agent and its TaskManager.
struct DispatcherOptions {
    std::shared_ptr<Authorizer> authorizer;                ///< Not null.
    std::vector<std::shared_ptr<Middleware>> middlewares;  ///< None of them is null.
    /// Null only when the card announces no push notifications.
    std::shared_ptr<PushConfigs> push = nullptr;
    /// The name under which the tasks are kept apart from those of other agents; empty for the only
    /// one.
    std::string agent = {};
    CallerLimits limits = {};
    ExtendedCard extended_card = {};  ///< Empty: there is none.
};

/// The way of every request, whatever its binding: middlewares, authorization, the card's rules,
/// the TaskManager, and the middlewares again in reverse. Any loop of the server may call.
///
/// An exception of a middleware or the authorizer is logged and answered with kInternal, without
/// its text. So is a principal or a scope whose name is longer than kMaxNameBytes.
class Dispatcher final : public RequestHandler {
public:
    /// REQUIRES: `manager` outlives it and every request.
    Dispatcher(TaskManager& manager, const AgentCard& card, DispatcherOptions options);

    AsyncResult<void> before_body(RequestContext& context) override;
    Async<void> answer(RequestEnvelope& envelope, HandledRequest& handled) override;

private:
    // What these take by reference outlives the coroutine.

    /// Counts in `started` the middlewares that have to be called afterwards.
    AsyncResult<void> before(RequestEnvelope& envelope, std::size_t& started);
    Async<void> after(const RequestEnvelope& envelope, const Result<Reply>& reply,
                      std::size_t started);
    /// Authorizes, validates, and hands the params over. With middlewares, they see the envelope
    /// again afterwards.
    Async<void> dispatch(RequestEnvelope& envelope, HandledRequest& handled);
    Async<void> answer_watched(RequestEnvelope& envelope, HandledRequest& handled);
    Async<void> perform(RequestEnvelope& envelope, OwnerScope scope, Result<Reply>& reply);
    /// The same, as far as the limits of the caller allow.
    Async<void> perform_within_limits(RequestEnvelope& envelope, OwnerScope scope,
                                      Result<Reply>& reply);
    Async<void> perform_push(RequestEnvelope& envelope, OwnerScope scope, Result<Reply>& reply);
    Async<void> give_extended_card(const RequestEnvelope& envelope, Result<Reply>& reply);
    Result<OwnerScope> authorize(const RequestEnvelope& envelope) const;

    TaskManager& manager_;
    RequestRules rules_;
    const DispatcherOptions options_;
};

}  // namespace a2akit
