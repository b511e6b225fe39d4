#pragma once

#include "grpc/values.hpp"

#include <a2akit/request/request_envelope.hpp>

namespace a2a::v1 {
class AgentCard;
class CancelTaskRequest;
class CreateTaskPushNotificationConfigRequest;
class DeleteTaskPushNotificationConfigRequest;
class GetAgentCardRequest;
class GetTaskPushNotificationConfigRequest;
class GetTaskRequest;
class ListTaskPushNotificationConfigRequest;
class ListTaskPushNotificationConfigResponse;
class SendMessageRequest;
class SendMessageResponse;
class StreamResponse;
class Task;
class TaskPushNotificationConfig;
class TaskSubscriptionRequest;
}  // namespace a2a::v1

/// The messages of protocol 0.3, to and from the typed requests and replies, as convert.hpp has
/// them for 1.0.
namespace a2akit::rpc {

namespace v0 = ::a2a::v1;

void read(const v0::SendMessageRequest& from, OperationParams& to, Violations& wrong);
void read(const v0::GetTaskRequest& from, OperationParams& to, Violations& wrong);
void read(const v0::CancelTaskRequest& from, OperationParams& to, Violations& wrong);
void read(const v0::TaskSubscriptionRequest& from, OperationParams& to, Violations& wrong);
void read(const v0::CreateTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v0::GetTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v0::ListTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v0::DeleteTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v0::GetAgentCardRequest& from, OperationParams& to, Violations& wrong);

/// REQUIRES: the reply holds what the operation answers with. Throws std::runtime_error when it
/// does not fit into the message.
void write(const Reply& reply, v0::SendMessageResponse& to);
void write(const Reply& reply, v0::Task& to);
void write(const Reply& reply, v0::TaskPushNotificationConfig& to);
void write(const Reply& reply, v0::ListTaskPushNotificationConfigResponse& to);
void write(const Reply& reply, v0::AgentCard& to);
void write(const StreamResponse& event, v0::StreamResponse& to);

}  // namespace a2akit::rpc
