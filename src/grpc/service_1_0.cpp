#include "grpc/dispatch.hpp"
#include "grpc/service.hpp"

#include "a2a_v1_0.grpc.pb.h"

namespace a2akit::rpc {
namespace {

using Empty = google::protobuf::Empty;

class Service final
    : public Dispatch<v1::A2AService::CallbackService, v1::StreamResponse, wire::Version::k1_0> {
public:
    explicit Service(Door& door) noexcept : Dispatch(door) {}

    Unary* SendMessage(Context* context, const v1::SendMessageRequest* request,
                       v1::SendMessageResponse* response) override {
        return unary(Operation::kSendMessage, context, request, response);
    }
    Stream* SendStreamingMessage(Context* context, const v1::SendMessageRequest* request) override {
        return stream(Operation::kSendStreamingMessage, context, request);
    }
    Unary* GetTask(Context* context, const v1::GetTaskRequest* request,
                   v1::Task* response) override {
        return unary(Operation::kGetTask, context, request, response);
    }
    Unary* ListTasks(Context* context, const v1::ListTasksRequest* request,
                     v1::ListTasksResponse* response) override {
        return unary(Operation::kListTasks, context, request, response);
    }
    Unary* CancelTask(Context* context, const v1::CancelTaskRequest* request,
                      v1::Task* response) override {
        return unary(Operation::kCancelTask, context, request, response);
    }
    Stream* SubscribeToTask(Context* context, const v1::SubscribeToTaskRequest* request) override {
        return stream(Operation::kSubscribeToTask, context, request);
    }
    Unary* CreateTaskPushNotificationConfig(Context* context,
                                            const v1::TaskPushNotificationConfig* request,
                                            v1::TaskPushNotificationConfig* response) override {
        return unary(Operation::kCreateTaskPushNotificationConfig, context, request, response);
    }
    Unary* GetTaskPushNotificationConfig(Context* context,
                                         const v1::GetTaskPushNotificationConfigRequest* request,
                                         v1::TaskPushNotificationConfig* response) override {
        return unary(Operation::kGetTaskPushNotificationConfig, context, request, response);
    }
    Unary* ListTaskPushNotificationConfigs(
        Context* context, const v1::ListTaskPushNotificationConfigsRequest* request,
        v1::ListTaskPushNotificationConfigsResponse* response) override {
        return unary(Operation::kListTaskPushNotificationConfigs, context, request, response);
    }
    Unary* GetExtendedAgentCard(Context* context, const v1::GetExtendedAgentCardRequest* request,
                                v1::AgentCard* response) override {
        return unary(Operation::kGetExtendedAgentCard, context, request, response);
    }
    Unary* DeleteTaskPushNotificationConfig(
        Context* context, const v1::DeleteTaskPushNotificationConfigRequest* request,
        Empty* response) override {
        return unary(Operation::kDeleteTaskPushNotificationConfig, context, request, response);
    }
};

}  // namespace

std::unique_ptr<::grpc::Service> make_service_1_0(Door& door) {
    return std::make_unique<Service>(door);
}

}  // namespace a2akit::rpc
