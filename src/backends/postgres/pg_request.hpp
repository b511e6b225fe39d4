#pragma once

#include "backends/postgres/pg_values.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <coroutine>
#include <string>
#include <utility>

namespace a2akit::postgres {

/// One statement of this backend, prepared by each connection when it first runs it.
struct PgStatement {
    std::size_t index = 0;  ///< Among all statements.
    std::string name;
    std::string sql;
    bool alone = false;  ///< Never in one transaction with others: it takes long, or takes locks of
                         ///< its own kind.
};

/// A statement on its way: from the coroutine that waits for it, to the loop of the connections,
/// and back. Belongs to that loop from `post` until it is finished.
struct PgRequest : Work {
    PgRequest(const PgStatement& s, PgParams p) noexcept
        : Work(nullptr), statement(s), params(std::move(p)), alone(s.alone) {}

    /// Hands the outcome to the waiting coroutine's loop.
    void finish(Result<PgRows> result) noexcept {
        outcome = std::move(result);
        run = [](Work& work) noexcept { static_cast<PgRequest&>(work).waiter.resume(); };
        home->post(*this);
    }

    const PgStatement& statement;
    PgParams params;
    bool alone;  ///< As its statement is; or since its transaction failed, by its fault or
                 ///< another's.
    Result<PgRows> outcome;
    Loop* home = nullptr;
    std::coroutine_handle<> waiter;
    SteadyTime since{};     ///< When it reached the loop of the connections.
    bool prepares = false;  ///< It was sent with the PREPARE of its statement.
    PgRows rows;            ///< Until the transaction is committed.
    PgRequest* behind = nullptr;
};

/// First in, first out; linked through the requests.
class PgRequestQueue {
public:
    void push(PgRequest& request) noexcept {
        request.behind = nullptr;
        (last_ == nullptr ? first_ : last_->behind) = &request;
        last_ = &request;
        ++size_;
    }
    PgRequest* pop() noexcept {
        PgRequest* request = first_;
        if (request == nullptr) return nullptr;
        first_ = request->behind;
        if (first_ == nullptr) last_ = nullptr;
        --size_;
        return request;
    }
    void push_front(PgRequest& request) noexcept {
        request.behind = first_;
        first_ = &request;
        if (last_ == nullptr) last_ = &request;
        ++size_;
    }
    [[nodiscard]] PgRequest* front() const noexcept { return first_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    PgRequest* first_ = nullptr;
    PgRequest* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace a2akit::postgres
