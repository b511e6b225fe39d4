#pragma once

#include "grpc/values.hpp"

#include <a2akit/request/request_envelope.hpp>

#include <string_view>

namespace lf::a2a::v1 {
class AgentCard;
class CancelTaskRequest;
class DeleteTaskPushNotificationConfigRequest;
class GetExtendedAgentCardRequest;
class GetTaskPushNotificationConfigRequest;
class GetTaskRequest;
class ListTaskPushNotificationConfigsRequest;
class ListTaskPushNotificationConfigsResponse;
class ListTasksRequest;
class ListTasksResponse;
class SendMessageRequest;
class SendMessageResponse;
class StreamResponse;
class SubscribeToTaskRequest;
class Task;
class TaskPushNotificationConfig;
}  // namespace lf::a2a::v1
namespace google::protobuf {
class Empty;
}

/// The messages of protocol 1.0, to and from the typed requests and replies. Reading notes in
/// `wrong` each field that is missing or can't be taken, as the JSON codec does.
namespace a2akit::rpc {

namespace v1 = ::lf::a2a::v1;

void read(const v1::SendMessageRequest& from, OperationParams& to, Violations& wrong);
void read(const v1::GetTaskRequest& from, OperationParams& to, Violations& wrong);
void read(const v1::ListTasksRequest& from, OperationParams& to, Violations& wrong);
void read(const v1::CancelTaskRequest& from, OperationParams& to, Violations& wrong);
void read(const v1::SubscribeToTaskRequest& from, OperationParams& to, Violations& wrong);
void read(const v1::TaskPushNotificationConfig& from, OperationParams& to, Violations& wrong);
void read(const v1::GetTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v1::ListTaskPushNotificationConfigsRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v1::DeleteTaskPushNotificationConfigRequest& from, OperationParams& to,
          Violations& wrong);
void read(const v1::GetExtendedAgentCardRequest& from, OperationParams& to, Violations& wrong);

/// REQUIRES: the reply holds what the operation answers with.
void write(const Reply& reply, v1::SendMessageResponse& to);
void write(const Reply& reply, v1::Task& to);
void write(const Reply& reply, v1::ListTasksResponse& to);
void write(const Reply& reply, v1::TaskPushNotificationConfig& to);
void write(const Reply& reply, v1::ListTaskPushNotificationConfigsResponse& to);
void write(const Reply& reply, v1::AgentCard& to);
void write(const Reply& reply, google::protobuf::Empty& to);
void write(const StreamResponse& event, v1::StreamResponse& to);

}  // namespace a2akit::rpc
