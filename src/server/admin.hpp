#pragma once

#include "runtime/agent_runtime.hpp"
#include "security/login_guard.hpp"
#include "wire/endpoint.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/push_store.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// The operations for operators only: they see the dead letters of every owner. Any loop may call.
class Admin {
public:
    static constexpr int kMostAtOnce = 1000;

    /// `push` is null where there are no push notifications. REQUIRES: the runtime outlives it.
    Admin(AgentRuntime& runtime, std::shared_ptr<PushStore> push)
        : runtime_(runtime), push_(std::move(push)) {}

    /// Their owners without the names of the agents, which stand in DeadLetter::agent.
    /// kInvalidParams when `limit` is not from 1 to kMostAtOnce.
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after, int limit);
    AsyncResult<TaskId> redrive(TaskId dead_letter);

    /// The same for push notifications that were given up. kUnsupportedOperation where there are
    /// none.
    AsyncResult<std::vector<PushDeadLetter>> push_dead_letters(std::optional<Uuid> after,
                                                               int limit);
    AsyncResult<void> redrive_push(Uuid dead_letter);

private:
    static AsyncResult<std::vector<DeadLetter>> listed(
        AsyncResult<std::vector<DeadLetter>> pending);

    AgentRuntime& runtime_;
    std::shared_ptr<PushStore> push_;
};

/// The same over HTTP, for operators with the token.
class AdminSite {
public:
    AdminSite(Admin& admin, std::string token) : admin_(admin), token_(std::move(token)) {}

    /// Appends the operator's resources. REQUIRES: this outlives them.
    void list_resources(wire::Resources& resources);
    /// The response to a caller without the token; nullopt when it has it.
    [[nodiscard]] std::optional<wire::HttpResponse> refuse(const wire::ResourceRequest& request);

private:
    [[nodiscard]] bool may(std::string_view authorization) const;
    Async<wire::HttpResponse> list(std::string query);
    Async<wire::HttpResponse> redrive(std::string id);
    Async<wire::HttpResponse> list_push(std::string query);
    Async<wire::HttpResponse> redrive_push(std::string id);

    Admin& admin_;
    std::string token_;
    security::LoginGuard guard_;
};

}  // namespace a2akit
