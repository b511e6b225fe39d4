#pragma once

#include "json/card_descriptions.hpp"
#include "json/codec.hpp"
#include "json/request_descriptions.hpp"
#include "json/task_descriptions.hpp"

#include <tuple>
#include <utility>

namespace a2akit::json {

/// Every message of the protocol; the test of the table holds that none is missing.
using AllMessages = std::tuple<
    SendMessageConfiguration, Task, TaskStatus, Part, Message, Artifact, TaskStatusUpdateEvent,
    TaskArtifactUpdateEvent, AuthenticationInfo, AgentInterface, AgentCard, AgentProvider,
    AgentCapabilities, AgentExtension, AgentSkill, AgentCardSignature, TaskPushNotificationConfig,
    StringList, SecurityRequirement, SecurityScheme, APIKeySecurityScheme, HTTPAuthSecurityScheme,
    OAuth2SecurityScheme, OpenIdConnectSecurityScheme, MutualTlsSecurityScheme, OAuthFlows,
    AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, ImplicitOAuthFlow, PasswordOAuthFlow,
    DeviceCodeOAuthFlow, SendMessageRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse,
    CancelTaskRequest, GetTaskPushNotificationConfigRequest,
    DeleteTaskPushNotificationConfigRequest, SubscribeToTaskRequest,
    ListTaskPushNotificationConfigsRequest, GetExtendedAgentCardRequest, SendMessageResponse,
    StreamResponse, ListTaskPushNotificationConfigsResponse>;

/// `visit.template operator()<M>()` for each.
template <class Visit>
void for_each_message(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (visit.template operator()<std::tuple_element_t<I, AllMessages>>(), ...);
    }(std::make_index_sequence<std::tuple_size_v<AllMessages>>());
}

}  // namespace a2akit::json
