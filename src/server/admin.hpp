#pragma once

#include "runtime/tasks/task_manager.hpp"
#include "security/login_guard.hpp"
#include "wire/endpoint.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/storage/maintenance.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// The operations for operators only: they see the dead letters of every owner. Any loop may call.
class Admin {
public:
    static constexpr int kMostAtOnce = 1000;

    /// REQUIRES: the manager outlives it.
    Admin(TaskManager& manager, std::shared_ptr<Maintenance> maintenance)
        : manager_(manager), maintenance_(std::move(maintenance)) {}

    /// kInvalidParams when `limit` is not from 1 to kMostAtOnce.
    AsyncResult<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after, int limit);
    AsyncResult<TaskId> redrive(TaskId dead_letter);

private:
    TaskManager& manager_;
    std::shared_ptr<Maintenance> maintenance_;
};

/// The same over HTTP, for operators with the token.
class AdminSite {
public:
    AdminSite(Admin& admin, std::string token) : admin_(admin), token_(std::move(token)) {}

    /// `remote`: the caller's address, for the log. REQUIRES: the route is one of the operator's.
    Async<wire::HttpResponse> answer(wire::Route route, std::string authorization,
                                     std::string remote);

private:
    [[nodiscard]] bool may(const std::string& authorization) const;
    Async<wire::HttpResponse> list(std::string query);
    Async<wire::HttpResponse> redrive(std::string id);

    Admin& admin_;
    std::string token_;
    security::LoginGuard guard_;
};

}  // namespace a2akit
