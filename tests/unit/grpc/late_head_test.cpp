// Subscriptions to agents that send nothing, not even the head of the answer, before the first
// event: servers of gRPC in Python do so.

#include "client/session.hpp"

#include <a2akit/client/client.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::rpc {
namespace {

using client::HttpAnswer;
using client::HttpHead;
using client::HttpRequest;
using client::HttpResult;
using client::HttpStream;

/// A stream whose head is there only when it is waited for without a limit.
class LateStream final : public HttpStream {
public:
    LateStream(HttpHead head, std::string bytes, bool& head_was_awaited)
        : head_(std::move(head)), bytes_(std::move(bytes)), head_was_awaited_(head_was_awaited) {}
    Async<HttpResult<HttpHead>> head() override {
        head_was_awaited_ = true;
        return HttpResult<HttpHead>(head_);
    }
    Async<bool> begins_within(Duration) override { return Async<bool>(false); }
    AsyncResult<std::optional<std::string>> read() override {
        if (bytes_.empty()) return Result<std::optional<std::string>>(std::nullopt);
        return Result<std::optional<std::string>>(std::exchange(bytes_, {}));
    }
    [[nodiscard]] client::Headers trailers() const override {
        if (head_.headers.size() > 1) return {};  // The status is in the head.
        return {{"grpc-status", "0"}};
    }

private:
    HttpHead head_;
    std::string bytes_;
    bool& head_was_awaited_;
};

/// Opens one stream.
class OneStream final : public client::HttpClient {
public:
    OneStream(HttpHead head, std::string bytes)
        : stream_(
              std::make_unique<LateStream>(std::move(head), std::move(bytes), head_was_awaited)) {}
    Async<HttpResult<HttpAnswer>> perform(HttpRequest) override {
        return HttpResult<HttpAnswer>(HttpAnswer{});
    }
    std::unique_ptr<HttpStream> open(HttpRequest) override { return std::move(stream_); }

    bool head_was_awaited = false;

private:
    std::unique_ptr<HttpStream> stream_;
};

Client client_over(const std::shared_ptr<client::HttpClient>& http) {
    AgentCard card;
    card.supported_interfaces = {{"http://agent:1", "GRPC", "", "1.0"}};
    return Client(AsyncClient(
        std::make_shared<client::Session>(std::move(card), ClientOptions{}, http, std::string())));
}

TEST(LateHeadTest, ASubscriptionIsOpenBeforeTheAgentSaysAnything) {
    // A status update of task "t1" in state COMPLETED.
    const std::string update("\0\0\0\0\x0A\x1A\x08\x0A\x02t1\x1A\x02\x08\x03", 15);
    const auto http =
        std::make_shared<OneStream>(HttpHead{200, {{"content-type", "application/grpc"}}}, update);
    Client client = client_over(http);
    ClientStream stream = client.subscribe("t1");
    EXPECT_FALSE(http->head_was_awaited);
    const auto event = stream.next();
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->is_final());
    EXPECT_FALSE(stream.next());
}

TEST(LateHeadTest, ARefusalComesWithTheFirstEvent) {
    const auto http = std::make_shared<OneStream>(HttpHead{200,
                                                           {{"content-type", "application/grpc"},
                                                            {"grpc-status", "5"},
                                                            {"grpc-message", "no such task"}}},
                                                  std::string());
    Client client = client_over(http);
    ClientStream stream = client.subscribe("t1");
    try {
        (void)stream.next();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kTaskNotFound);
        EXPECT_EQ(exception.error().message, "no such task");
    }
}

}  // namespace
}  // namespace a2akit::rpc
