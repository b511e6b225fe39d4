#include "support/postgres_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace a2akit::test_support {
namespace {

const PostgresServer* running = nullptr;

std::string read_line(int from) {
    std::string line;
    for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) line += c;
    return line;
}

std::unique_ptr<pg_conn, void (*)(pg_conn*)> connect(const std::string& url) {
    const std::string plain =
        url.substr(0, url.find('?'));  // our own parameters are none of libpq's
    return {::PQconnectdb(plain.c_str()), &::PQfinish};
}

void execute(pg_conn* connection, const std::string& statements) {
    const std::unique_ptr<PGresult, decltype(&::PQclear)> result(
        ::PQexec(connection, statements.c_str()), &::PQclear);
    const auto status = ::PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(::PQerrorMessage(connection));
    }
}

}  // namespace

std::optional<PostgresServer> PostgresServer::start() {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
        std::abort();
    const int process = ::fork();
    if (process == 0) {
        ::dup2(input[0], STDIN_FILENO);
        ::dup2(output[1], STDOUT_FILENO);
        ::execlp("python3", "python3", A2AKIT_POSTGRES_SERVER_SCRIPT, nullptr);
        ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    PostgresServer server;
    server.process_ = process;
    server.input_ = input[1];
    server.url_ = read_line(output[0]);
    ::close(output[0]);
    if (server.url_.empty()) return std::nullopt;
    return server;
}

PostgresServer::PostgresServer(PostgresServer&& other) noexcept
    : url_(std::move(other.url_)),
      process_(std::exchange(other.process_, -1)),
      input_(std::exchange(other.input_, -1)) {}

PostgresServer::~PostgresServer() {
    if (process_ < 0) return;
    ::close(input_);  // which ends it
    ::waitpid(process_, nullptr, 0);
}

std::string PostgresServer::fresh_schema_url() const {
    static std::atomic<int> count{0};
    return url_ + "?connections=2&schema=test_" + std::to_string(count.fetch_add(1));
}

void PostgresServer::sql(const std::string& url, const std::string& statements) {
    execute(connect(url).get(), statements);
}

OpenTransaction::OpenTransaction(const std::string& url) : connection_(connect(url)) {
    run("begin");
}
void OpenTransaction::run(const std::string& statements) { execute(connection_.get(), statements); }

const PostgresServer& postgres() { return *running; }

int run_with_postgres(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    const auto server = PostgresServer::start();
    if (!server) {
        const char* ci = std::getenv("CI");
        const bool required = ci != nullptr && std::string_view(ci) == "true";
        std::fprintf(stderr,
                     "%s: no PostgreSQL server could be started (Debian: postgresql-15); its tests "
                     "did NOT run\n",
                     required ? "FAILED" : "SKIPPED");
        return required ? EXIT_FAILURE : 77;
    }
    running = &*server;
    return RUN_ALL_TESTS();
}

}  // namespace a2akit::test_support
