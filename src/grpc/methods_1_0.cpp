#include "grpc/messages.hpp"

#include <google/protobuf/empty.pb.h>
#include "a2a_v1_0.pb.h"

#include <array>

namespace a2akit::rpc {
namespace {

using Empty = google::protobuf::Empty;
constexpr auto kVersion = wire::Version::k1_0;

constexpr std::array<Method, 11> kMethods{
    Messages<v1::SendMessageRequest, v1::SendMessageResponse>::answered_once(
        "/lf.a2a.v1.A2AService/SendMessage", Operation::kSendMessage, kVersion),
    Messages<v1::SendMessageRequest, v1::StreamResponse>::answered_by_events(
        "/lf.a2a.v1.A2AService/SendStreamingMessage", Operation::kSendStreamingMessage, kVersion),
    Messages<v1::GetTaskRequest, v1::Task>::answered_once("/lf.a2a.v1.A2AService/GetTask",
                                                          Operation::kGetTask, kVersion),
    Messages<v1::ListTasksRequest, v1::ListTasksResponse>::answered_once(
        "/lf.a2a.v1.A2AService/ListTasks", Operation::kListTasks, kVersion),
    Messages<v1::CancelTaskRequest, v1::Task>::answered_once("/lf.a2a.v1.A2AService/CancelTask",
                                                             Operation::kCancelTask, kVersion),
    Messages<v1::SubscribeToTaskRequest, v1::StreamResponse>::answered_by_events(
        "/lf.a2a.v1.A2AService/SubscribeToTask", Operation::kSubscribeToTask, kVersion),
    Messages<v1::TaskPushNotificationConfig, v1::TaskPushNotificationConfig>::answered_once(
        "/lf.a2a.v1.A2AService/CreateTaskPushNotificationConfig",
        Operation::kCreateTaskPushNotificationConfig, kVersion),
    Messages<v1::GetTaskPushNotificationConfigRequest, v1::TaskPushNotificationConfig>::
        answered_once("/lf.a2a.v1.A2AService/GetTaskPushNotificationConfig",
                      Operation::kGetTaskPushNotificationConfig, kVersion),
    Messages<v1::ListTaskPushNotificationConfigsRequest,
             v1::ListTaskPushNotificationConfigsResponse>::
        answered_once("/lf.a2a.v1.A2AService/ListTaskPushNotificationConfigs",
                      Operation::kListTaskPushNotificationConfigs, kVersion),
    Messages<v1::GetExtendedAgentCardRequest, v1::AgentCard>::answered_once(
        "/lf.a2a.v1.A2AService/GetExtendedAgentCard", Operation::kGetExtendedAgentCard, kVersion),
    Messages<v1::DeleteTaskPushNotificationConfigRequest, Empty>::answered_once(
        "/lf.a2a.v1.A2AService/DeleteTaskPushNotificationConfig",
        Operation::kDeleteTaskPushNotificationConfig, kVersion)};

}  // namespace

std::span<const Method> methods_1_0() noexcept { return kMethods; }

}  // namespace a2akit::rpc
