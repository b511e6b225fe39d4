#pragma once

#include "support/test_agent.hpp"

#include "a2a_status.pb.h"
#include "a2a_v0_3.grpc.pb.h"
#include "a2a_v1_0.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace a2akit {

using test_support::HttpClient;
using test_support::send_body;
using test_support::test_options;
using test_support::TestAgent;
using test_support::until;

namespace v1 = ::lf::a2a::v1;
using Stub = v1::A2AService::Stub;

inline v1::SendMessageRequest saying(const std::string& text) {
    v1::SendMessageRequest request;
    request.mutable_message()->set_message_id("m");
    request.mutable_message()->set_role(v1::ROLE_USER);
    request.mutable_message()->add_parts()->set_text(text);
    return request;
}

inline v1::GetTaskRequest named(const std::string& id) {
    v1::GetTaskRequest request;
    request.set_id(id);
    return request;
}

/// What grpc-status-details-bin says, which has to agree with the status itself.
inline rpc::details::Status details_of(const grpc::Status& status) {
    rpc::details::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    EXPECT_LT(status.error_details().size(), 8192U);
    return details;
}

inline std::string reason_of(const grpc::Status& status) {
    const auto details = details_of(status);
    for (const auto& any : details.details()) {
        if (any.type_url() != "type.googleapis.com/google.rpc.ErrorInfo") continue;
        rpc::details::ErrorInfo info;
        EXPECT_TRUE(info.ParseFromString(any.value()));
        return info.reason();
    }
    return "no ErrorInfo";
}

/// Calls a method with bytes that no stub has made.
inline grpc::Status call_raw(const std::string& address, const char* method,
                             const std::string& bytes, std::string* answer = nullptr) {
    const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    const auto status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
        channel.get(), grpc::internal::RpcMethod(method, grpc::internal::RpcMethod::NORMAL_RPC),
        &context, request, &response);
    grpc::Slice all;
    if (answer != nullptr && status.ok() && response.DumpToSingleSlice(&all).ok()) {
        answer->assign(reinterpret_cast<const char*>(all.begin()), all.size());
    }
    return status;
}

/// A server with gRPC on a port of its own, and a client of protocol 1.0.
class GrpcTest : public ::testing::Test {
protected:
    void start(ServerOptions options) {
        options.settings.grpc_port = 0;
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
        HttpClient client(server->port());
        card = client.exchange("GET", "/.well-known/agent-card.json").body;
        const auto named = card.find("GRPC");
        ASSERT_NE(named, std::string::npos) << card;
        const auto url = card.rfind("\"url\":\"", named) + 7;
        address = card.substr(url, card.find('"', url) - url);
        stub = v1::A2AService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    }
    void start() { start(test_options(agent)); }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    std::unique_ptr<Server> server;
    std::string card;
    std::string address;
    std::unique_ptr<Stub> stub;
};

}  // namespace a2akit
