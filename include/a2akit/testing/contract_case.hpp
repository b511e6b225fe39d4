#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace a2akit::testing {

/// One backend under a contract suite: its name in the test's name, and how to make a fresh one for
/// each test.
///
///     INSTANTIATE_TEST_SUITE_P(Memory, BrokerContract,
///                              ::testing::Values(ContractCase<BrokerHarness>{"memory",
///                              make_memory_harness}), case_name<BrokerHarness>);
template <class Harness>
struct ContractCase {
    std::string name;
    std::function<std::unique_ptr<Harness>()> make;

    friend std::ostream& operator<<(std::ostream& out, const ContractCase& one) {
        return out << one.name;
    }
};

template <class Harness>
std::string case_name(const ::testing::TestParamInfo<ContractCase<Harness>>& info) {
    return info.param.name;
}

/// `EXPECT_TRUE(ok(result))`: says the error when there is one.
template <class T>
::testing::AssertionResult ok(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << to_string(result.error().code) << ": " << result.error().message;
}

/// The base of the harnesses of all ports.
class PortHarness {
public:
    virtual ~PortHarness() = default;
    /// The clock that the backend reads; the suite's loop advances it. Always the same one.
    [[nodiscard]] virtual std::shared_ptr<FakeClock> clock() = 0;
    /// Whether the backend, on threads of its own, works on something that reaches the suite's
    /// loop. The suite waits for it in real time; the clock stands still meanwhile. Asked from the
    /// suite's thread.
    [[nodiscard]] virtual bool busy() { return false; }
    /// How long a message to another node may take, at most.
    [[nodiscard]] virtual Duration latency() const { return Duration::zero(); }
};

}  // namespace a2akit::testing
