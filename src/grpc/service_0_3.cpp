#include "grpc/dispatch.hpp"
#include "grpc/service.hpp"

#include "a2a_v0_3.grpc.pb.h"

#include <google/protobuf/empty.pb.h>

namespace a2akit::rpc {
namespace {

using Empty = google::protobuf::Empty;

class Service final
    : public Dispatch<v0::A2AService::CallbackService, v0::StreamResponse, wire::Version::k0_3> {
public:
    explicit Service(Door& door) noexcept : Dispatch(door) {}

    Unary* SendMessage(Context* context, const v0::SendMessageRequest* request,
                       v0::SendMessageResponse* response) override {
        return unary(Operation::kSendMessage, context, request, response);
    }
    Stream* SendStreamingMessage(Context* context, const v0::SendMessageRequest* request) override {
        return stream(Operation::kSendStreamingMessage, context, request);
    }
    Unary* GetTask(Context* context, const v0::GetTaskRequest* request,
                   v0::Task* response) override {
        return unary(Operation::kGetTask, context, request, response);
    }
    Unary* CancelTask(Context* context, const v0::CancelTaskRequest* request,
                      v0::Task* response) override {
        return unary(Operation::kCancelTask, context, request, response);
    }
    Stream* TaskSubscription(Context* context,
                             const v0::TaskSubscriptionRequest* request) override {
        return stream(Operation::kSubscribeToTask, context, request);
    }
    Unary* CreateTaskPushNotificationConfig(
        Context* context, const v0::CreateTaskPushNotificationConfigRequest* request,
        v0::TaskPushNotificationConfig* response) override {
        return unary(Operation::kCreateTaskPushNotificationConfig, context, request, response);
    }
    Unary* GetTaskPushNotificationConfig(Context* context,
                                         const v0::GetTaskPushNotificationConfigRequest* request,
                                         v0::TaskPushNotificationConfig* response) override {
        return unary(Operation::kGetTaskPushNotificationConfig, context, request, response);
    }
    Unary* ListTaskPushNotificationConfig(
        Context* context, const v0::ListTaskPushNotificationConfigRequest* request,
        v0::ListTaskPushNotificationConfigResponse* response) override {
        return unary(Operation::kListTaskPushNotificationConfigs, context, request, response);
    }
    Unary* GetAgentCard(Context* context, const v0::GetAgentCardRequest* request,
                        v0::AgentCard* response) override {
        return unary(Operation::kGetExtendedAgentCard, context, request, response);
    }
    Unary* DeleteTaskPushNotificationConfig(
        Context* context, const v0::DeleteTaskPushNotificationConfigRequest* request,
        Empty* response) override {
        return unary(Operation::kDeleteTaskPushNotificationConfig, context, request, response);
    }
};

}  // namespace

std::unique_ptr<::grpc::Service> make_service_0_3(Door& door) {
    return std::make_unique<Service>(door);
}

}  // namespace a2akit::rpc
