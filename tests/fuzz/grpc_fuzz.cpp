// Any message of the gRPC services: reading it does not crash, what it holds without a complaint is
// as well-formed as what JSON brings, and a task with its message can be written in both versions
// and read back.
//
// The first byte of the input chooses the message, the others are its bytes.

#include "grpc/convert.hpp"
#include "grpc/convert_0_3.hpp"
#include "json/codec.hpp"

#include "a2a_v0_3.pb.h"
#include "a2a_v1_0.pb.h"

#include <a2akit/protocol/json.hpp>

#include <google/protobuf/stubs/logging.h>

#include <cstdlib>
#include <iterator>
#include <string>

namespace {

using namespace a2akit;

/// A task that holds the message, as an agent that repeats what it is told would make it.
void write_task_of(const SendMessageRequest& send) {
    Task task;
    task.id = "task";
    task.context_id = "context";
    task.history.emplace_back(send.message);
    const Reply reply = task;
    rpc::v1::Task in_1_0;
    rpc::write(reply, in_1_0);
    ::a2a::v1::Task in_0_3;
    rpc::write(reply, in_0_3);
    if (in_1_0.history_size() != 1 || in_0_3.history_size() != 1) std::abort();
    if (in_1_0.history(0).parts_size() != in_0_3.history(0).content_size()) std::abort();
}

template <class Request>
void check(const std::string& bytes) {
    Request request;
    if (!request.ParseFromString(bytes)) return;
    OperationParams params;
    rpc::Violations wrong;
    rpc::read(request, params, wrong);
    if (!wrong.empty()) return;
    std::visit(
        [](const auto& read) {
            if (!parse_raw_json(json::encode(read))) std::abort();
        },
        params);
    if (const auto* send = std::get_if<SendMessageRequest>(&params)) write_task_of(*send);
}

namespace v0 = ::a2a::v1;
namespace v1 = ::lf::a2a::v1;
constexpr void (*kChecks[])(const std::string&) = {
    check<v1::SendMessageRequest>,
    check<v1::GetTaskRequest>,
    check<v1::ListTasksRequest>,
    check<v1::CancelTaskRequest>,
    check<v1::SubscribeToTaskRequest>,
    check<v1::TaskPushNotificationConfig>,
    check<v1::GetTaskPushNotificationConfigRequest>,
    check<v1::ListTaskPushNotificationConfigsRequest>,
    check<v1::DeleteTaskPushNotificationConfigRequest>,
    check<v1::GetExtendedAgentCardRequest>,
    check<v0::SendMessageRequest>,
    check<v0::GetTaskRequest>,
    check<v0::CancelTaskRequest>,
    check<v0::TaskSubscriptionRequest>,
    check<v0::CreateTaskPushNotificationConfigRequest>,
    check<v0::GetTaskPushNotificationConfigRequest>,
    check<v0::ListTaskPushNotificationConfigRequest>,
    check<v0::DeleteTaskPushNotificationConfigRequest>,
    check<v0::GetAgentCardRequest>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // Of text that is not UTF-8 it would write a line each.
    [[maybe_unused]] static const auto silent = google::protobuf::SetLogHandler(nullptr);
    if (size == 0) return 0;
    kChecks[data[0] % std::size(kChecks)](
        std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
    return 0;
}
