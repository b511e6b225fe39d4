#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace a2akit::client {

/// One connection after the other, and each answered with the bytes that the test says: enough to
/// see what the client sends, and to answer as no server of ours would.
class FakeAgent {
public:
    /// `answer` gets a whole request and returns the bytes to send; the connection is closed after
    /// them.
    explicit FakeAgent(std::function<std::string(const std::string& request)> answer);
    ~FakeAgent();

    [[nodiscard]] std::string url() const;
    /// The request of that number, from 0 on. REQUIRES: its answer has arrived.
    [[nodiscard]] std::string request(std::size_t number) const;

    /// A card with one interface of that binding at this agent.
    [[nodiscard]] std::string card(const std::string& binding,
                                   const std::string& tenant = {}) const;

private:
    void serve();

    std::function<std::string(const std::string&)> answer_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

/// A whole HTTP/1.1 answer.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& type,
                                      const std::string& body);
/// One that ends with the connection.
[[nodiscard]] std::string event_stream(const std::string& events);

}  // namespace a2akit::client
