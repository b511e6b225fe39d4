#pragma once

#include <memory>
#include <optional>
#include <string>

struct pg_conn;

namespace a2akit::test_support {

/// A PostgreSQL of this test program's own, which tests/support/postgres_server.py starts and
/// stops.
class PostgresServer {
public:
    /// Nothing when the server's binaries are not installed.
    [[nodiscard]] static std::optional<PostgresServer> start();
    PostgresServer(PostgresServer&& other) noexcept;
    ~PostgresServer();

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// Its URL with a schema that no other test uses.
    [[nodiscard]] std::string fresh_schema_url() const;
    /// Runs statements; throws std::runtime_error with what the server said.
    static void sql(const std::string& url, const std::string& statements);

private:
    PostgresServer() = default;
    std::string url_;
    int process_ = -1;
    int input_ = -1;
};

/// A transaction of somebody else's, rolled back when this ends.
class OpenTransaction {
public:
    explicit OpenTransaction(const std::string& url);
    void run(const std::string& statements);

private:
    std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
};

/// For `main` of a test program: starts the server, runs the tests, stops it. Without the binaries
/// the program is skipped, loudly (77), and fails where CI is true.
int run_with_postgres(int argc, char** argv);
/// REQUIRES: called by a test of such a program.
[[nodiscard]] const PostgresServer& postgres();

}  // namespace a2akit::test_support
