#pragma once

#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/postgres/postgres_broker.hpp"
#include "backends/postgres/postgres_cancel_registry.hpp"
#include "backends/postgres/postgres_event_bus.hpp"
#include "backends/postgres/postgres_storage.hpp"
#include "support/postgres_server.hpp"

#include <a2akit/testing/contract_case.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace a2akit::testing {

/// Two nodes on a schema of their own, under one fake clock: the tests speak to the first, `other`
/// is far away.
class PostgresPair {
public:
    PostgresPair() : url_(test_support::postgres().fresh_schema_url()) {}
    ~PostgresPair() {
        test_support::PostgresServer::sql(
            url_, "set client_min_messages = error; drop schema " + schema() + " cascade");
    }
    PostgresPair(const PostgresPair&) = delete;
    PostgresPair& operator=(const PostgresPair&) = delete;

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] std::string schema() const { return url_.substr(url_.rfind('=') + 1); }
    [[nodiscard]] std::shared_ptr<postgres::PostgresNode> make_node() const {
        return std::make_shared<postgres::PostgresNode>(*postgres::PgAddress::parse(url_), clock);
    }
    /// True until everything that one node told has been heard by the other.
    [[nodiscard]] static bool busy(postgres::PostgresNode& one, postgres::PostgresNode& two) {
        // Twice, since the parts are not looked at in one moment.
        return busy_once(one, two) || busy_once(one, two);
    }

    const std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();

private:
    static bool busy_once(postgres::PostgresNode& one, postgres::PostgresNode& two) {
        if (one.busy() || two.busy()) return true;
        return one.notifier().told() != two.notifier().heard() ||
               two.notifier().told() != one.notifier().heard();
    }
    const std::string url_;
};

/// Starts a port in both nodes before the suite does, so that they know each other when it begins.
template <class Port>
class PostgresPorts {
public:
    template <class Make>
    explicit PostgresPorts(Make make) : one(make(node_one)), two(make(node_two)) {
        ManualLoop loop(pair.clock, [this] { return node_one->busy() || node_two->busy(); });
        start(loop, *one);
        start(loop, *two);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (node_one->notifier().others() == 0 || node_two->notifier().others() == 0) {
            if (std::chrono::steady_clock::now() > until)
                throw std::runtime_error("the nodes do not see each other");
            std::this_thread::yield();
        }
    }
    ~PostgresPorts() {
        ManualLoop loop(pair.clock, [this] { return node_one->busy() || node_two->busy(); });
        (void)loop.await(two->stop(loop.now()));
        (void)loop.await(one->stop(loop.now()));
    }

    [[nodiscard]] bool busy() { return PostgresPair::busy(*node_one, *node_two); }

    PostgresPair pair;
    std::shared_ptr<postgres::PostgresNode> node_one = pair.make_node();
    std::shared_ptr<postgres::PostgresNode> node_two = pair.make_node();
    std::unique_ptr<Port> one;
    std::unique_ptr<Port> two;

private:
    static void start(ManualLoop& loop, Port& port) {
        const Result<void> started = loop.await(port.start());
        if (!started) throw std::runtime_error(started.error().message);
    }
};

}  // namespace a2akit::testing
