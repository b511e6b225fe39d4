// No field of a gRPC request takes the character NUL, which not every storage can keep. The fields
// are found by reflection, so one that is added is tested as well. That a text is UTF-8 is checked
// by protocol buffers.

#include "grpc/convert.hpp"
#include "grpc/convert_0_3.hpp"

#include "a2a_v0_3.pb.h"
#include "a2a_v1_0.pb.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace a2akit::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const std::string kText("a\0b", 3);
constexpr int kDepth = 9;  // a text in a list in metadata of a part

/// Calls `check` with the path of each text that the message can hold, while it holds nothing else.
void set_each_text(Message& message, const std::string& path, int depth,
                   const std::function<void(const std::string&)>& check) {
    if (auto* object = dynamic_cast<google::protobuf::Struct*>(&message)) {
        auto& fields = *object->mutable_fields();
        fields[kText].set_string_value("value");
        check(path + ", a name");
        fields.clear();
        if (depth > 0) set_each_text(fields["name"], path, depth - 1, check);
        fields.clear();
        return;
    }
    const auto* reflection = message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
        const FieldDescriptor* field = message.GetDescriptor()->field(i);
        const std::string name = path + '.' + field->name();
        if (field->type() == FieldDescriptor::TYPE_STRING) {
            if (field->is_repeated())
                reflection->AddString(&message, field, kText);
            else
                reflection->SetString(&message, field, kText);
            check(name);
        } else if (field->type() == FieldDescriptor::TYPE_MESSAGE && depth > 0) {
            Message* inner = field->is_repeated() ? reflection->AddMessage(&message, field)
                                                  : reflection->MutableMessage(&message, field);
            set_each_text(*inner, name, depth - 1, check);
        }
        reflection->ClearField(&message, field);
    }
}

template <class Request>
void refuses_nul_everywhere() {
    Request request;
    int texts = 0;
    set_each_text(request, "", kDepth, [&](const std::string& path) {
        ++texts;
        OperationParams params;
        Violations wrong;
        read(request, params, wrong);
        std::vector<std::string> said;
        for (const FieldViolation& violation : wrong) said.push_back(violation.description);
        EXPECT_TRUE(std::ranges::any_of(
            said, [](const std::string& words) { return words.find("NUL") != std::string::npos; }))
            << Request::descriptor()->full_name() << path << ": " << testing::PrintToString(said);
    });
    EXPECT_GT(texts, 0) << Request::descriptor()->full_name();
}

TEST(GrpcCharacters, NoFieldOfProtocol10TakesNul) {
    refuses_nul_everywhere<v1::SendMessageRequest>();
    refuses_nul_everywhere<v1::GetTaskRequest>();
    refuses_nul_everywhere<v1::ListTasksRequest>();
    refuses_nul_everywhere<v1::CancelTaskRequest>();
    refuses_nul_everywhere<v1::SubscribeToTaskRequest>();
    refuses_nul_everywhere<v1::TaskPushNotificationConfig>();
    refuses_nul_everywhere<v1::GetTaskPushNotificationConfigRequest>();
    refuses_nul_everywhere<v1::ListTaskPushNotificationConfigsRequest>();
    refuses_nul_everywhere<v1::DeleteTaskPushNotificationConfigRequest>();
    refuses_nul_everywhere<v1::GetExtendedAgentCardRequest>();
}

TEST(GrpcCharacters, NoFieldOfProtocol03TakesNul) {
    refuses_nul_everywhere<v0::SendMessageRequest>();
    refuses_nul_everywhere<v0::GetTaskRequest>();
    refuses_nul_everywhere<v0::CancelTaskRequest>();
    refuses_nul_everywhere<v0::TaskSubscriptionRequest>();
    refuses_nul_everywhere<v0::CreateTaskPushNotificationConfigRequest>();
    refuses_nul_everywhere<v0::GetTaskPushNotificationConfigRequest>();
    refuses_nul_everywhere<v0::ListTaskPushNotificationConfigRequest>();
    refuses_nul_everywhere<v0::DeleteTaskPushNotificationConfigRequest>();
}

}  // namespace
}  // namespace a2akit::rpc
