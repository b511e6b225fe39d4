#include "grpc/messages.hpp"

#include <google/protobuf/empty.pb.h>
#include "a2a_v0_3.pb.h"

#include <array>

namespace a2akit::rpc {
namespace {

using Empty = google::protobuf::Empty;
constexpr auto kVersion = wire::Version::k0_3;

constexpr std::array<Method, 10> kMethods{
    Messages<v0::SendMessageRequest, v0::SendMessageResponse>::answered_once(
        "/a2a.v1.A2AService/SendMessage", Operation::kSendMessage, kVersion),
    Messages<v0::SendMessageRequest, v0::StreamResponse>::answered_by_events(
        "/a2a.v1.A2AService/SendStreamingMessage", Operation::kSendStreamingMessage, kVersion),
    Messages<v0::GetTaskRequest, v0::Task>::answered_once("/a2a.v1.A2AService/GetTask",
                                                          Operation::kGetTask, kVersion),
    Messages<v0::CancelTaskRequest, v0::Task>::answered_once("/a2a.v1.A2AService/CancelTask",
                                                             Operation::kCancelTask, kVersion),
    Messages<v0::TaskSubscriptionRequest, v0::StreamResponse>::answered_by_events(
        "/a2a.v1.A2AService/TaskSubscription", Operation::kSubscribeToTask, kVersion),
    Messages<v0::CreateTaskPushNotificationConfigRequest, v0::TaskPushNotificationConfig>::
        answered_once("/a2a.v1.A2AService/CreateTaskPushNotificationConfig",
                      Operation::kCreateTaskPushNotificationConfig, kVersion),
    Messages<v0::GetTaskPushNotificationConfigRequest, v0::TaskPushNotificationConfig>::
        answered_once("/a2a.v1.A2AService/GetTaskPushNotificationConfig",
                      Operation::kGetTaskPushNotificationConfig, kVersion),
    Messages<v0::ListTaskPushNotificationConfigRequest,
             v0::ListTaskPushNotificationConfigResponse>::
        answered_once("/a2a.v1.A2AService/ListTaskPushNotificationConfig",
                      Operation::kListTaskPushNotificationConfigs, kVersion),
    Messages<v0::GetAgentCardRequest, v0::AgentCard>::answered_once(
        "/a2a.v1.A2AService/GetAgentCard", Operation::kGetExtendedAgentCard, kVersion),
    Messages<v0::DeleteTaskPushNotificationConfigRequest, Empty>::answered_once(
        "/a2a.v1.A2AService/DeleteTaskPushNotificationConfig",
        Operation::kDeleteTaskPushNotificationConfig, kVersion)};

}  // namespace

std::span<const Method> methods_0_3() noexcept { return kMethods; }

}  // namespace a2akit::rpc
