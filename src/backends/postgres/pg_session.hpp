#pragma once

#include "backends/postgres/pg_address.hpp"
#include "backends/postgres/pg_values.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pg_conn;

namespace a2akit::postgres {

/// A connection that blocks, until its deadline at most: for start and for tools.
class PgSession {
public:
    static constexpr auto kAnswerWithin = std::chrono::seconds(60);

    /// REQUIRES: `address` outlives it.
    explicit PgSession(const PgAddress& address)
        : address_(address), connection_(nullptr, &finish) {}

    /// Begins with each of the servers in turn, as long as one keeps silent.
    Result<void> connect();
    [[nodiscard]] int server_version() const;

    /// Statements without parameters; the first column of the first row of the last one, if there
    /// is any, in text form.
    Result<std::optional<std::string>> run(std::string_view sql,
                                           std::chrono::seconds within = kAnswerWithin);

    /// Calls `use` with each row of one statement, in binary form; holds one row at a time. Each
    /// row has to come `within` that time.
    using UseRow = std::function<void(PgRow row)>;
    Result<void> each_row(std::string_view sql, const PgParams& params, std::chrono::seconds within,
                          const UseRow& use);

    /// Whether the newest statement failed because the server found stored data damaged.
    [[nodiscard]] bool found_damage() const noexcept { return found_damage_; }

private:
    using Deadline = std::chrono::steady_clock::time_point;

    Result<void> connect(const PgAddress::Servers& servers);
    [[nodiscard]] bool wait(short events, Deadline deadline) const;
    [[nodiscard]] bool wait_for_result(Deadline deadline);
    Error error_of(const pg_result* result);

    const PgAddress& address_;
    bool found_damage_ = false;
    std::unique_ptr<pg_conn, void (*)(pg_conn*) noexcept> connection_;
    static void finish(pg_conn* connection) noexcept;
};

/// For what the operator has to change: kInvalidParams.
[[nodiscard]] Error refused(std::string message);

}  // namespace a2akit::postgres
