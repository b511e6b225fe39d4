#include "wire/route_table.hpp"

#include "wire/uri.hpp"
#include "wire/version.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace a2akit::wire {
namespace {

constexpr std::size_t kMaxSegments =
    6;  // v1, tenant, tasks, id, pushNotificationConfigs, config id

struct MethodEntry {
    std::string_view method;
    RouteKind kind;
    Operation operation;
};
using Methods = std::span<const MethodEntry>;

constexpr MethodEntry operation(std::string_view method, Operation operation) {
    return {method, RouteKind::kOperation, operation};
}

constexpr std::array kRpcMethods{MethodEntry{"POST", RouteKind::kJsonRpc, {}}};
constexpr std::array kCardMethods{MethodEntry{"GET", RouteKind::kAgentCard, {}},
                                  MethodEntry{"HEAD", RouteKind::kAgentCard, {}}};
constexpr std::array kCatalogMethods{MethodEntry{"GET", RouteKind::kCatalog, {}},
                                     MethodEntry{"HEAD", RouteKind::kCatalog, {}}};
constexpr std::array kModelsMethods{MethodEntry{"GET", RouteKind::kModels, {}},
                                    MethodEntry{"HEAD", RouteKind::kModels, {}}};
constexpr std::array kHealthMethods{MethodEntry{"GET", RouteKind::kHealth, {}},
                                    MethodEntry{"HEAD", RouteKind::kHealth, {}}};
constexpr std::array kReadinessMethods{MethodEntry{"GET", RouteKind::kReadiness, {}},
                                       MethodEntry{"HEAD", RouteKind::kReadiness, {}}};
constexpr std::array kDeadLettersMethods{MethodEntry{"GET", RouteKind::kDeadLetters, {}}};
constexpr std::array kKeySetMethods{MethodEntry{"GET", RouteKind::kKeySet, {}},
                                    MethodEntry{"HEAD", RouteKind::kKeySet, {}}};
constexpr std::array kRedriveMethods{MethodEntry{"POST", RouteKind::kRedrive, {}}};
constexpr std::array kSendMethods{operation("POST", Operation::kSendMessage)};
constexpr std::array kStreamMethods{operation("POST", Operation::kSendStreamingMessage)};
constexpr std::array kTasksMethods{operation("GET", Operation::kListTasks),
                                   operation("HEAD", Operation::kListTasks)};
constexpr std::array kTaskMethods{operation("GET", Operation::kGetTask),
                                  operation("HEAD", Operation::kGetTask)};
constexpr std::array kCancelMethods{operation("POST", Operation::kCancelTask)};
constexpr std::array kSubscribeMethods{operation("GET", Operation::kSubscribeToTask),
                                       operation("POST", Operation::kSubscribeToTask)};
constexpr std::array kConfigsMethods{
    operation("GET", Operation::kListTaskPushNotificationConfigs),
    operation("HEAD", Operation::kListTaskPushNotificationConfigs),
    operation("POST", Operation::kCreateTaskPushNotificationConfig)};
constexpr std::array kConfigMethods{
    operation("GET", Operation::kGetTaskPushNotificationConfig),
    operation("HEAD", Operation::kGetTaskPushNotificationConfig),
    operation("DELETE", Operation::kDeleteTaskPushNotificationConfig)};
constexpr std::array kExtendedCardMethods{operation("GET", Operation::kGetExtendedAgentCard),
                                          operation("HEAD", Operation::kGetExtendedAgentCard)};

using Segments = std::span<std::string>;

/// "abc:cancel" -> takes ":cancel" off and says so.
bool take_verb(std::string& segment, std::string_view verb) {
    if (!segment.ends_with(verb)) return false;
    segment.resize(segment.size() - verb.size());
    return true;
}

Methods match_task(Segments segments, Route& route) {
    std::string& id = segments[1];
    Methods methods;
    if (segments.size() == 2) {
        methods = take_verb(id, ":cancel")      ? Methods(kCancelMethods)
                  : take_verb(id, ":subscribe") ? Methods(kSubscribeMethods)
                                                : Methods(kTaskMethods);
    } else if (segments[2] != "pushNotificationConfigs") {
        return {};
    } else if (segments.size() == 3) {
        methods = kConfigsMethods;
    } else if (segments.size() == 4) {
        methods = kConfigMethods;
        route.config_id = std::move(segments[3]);
    }
    if (id.empty()) return {};
    route.id = std::move(id);
    return methods;
}

/// The methods of an operation's path, without its prefixes; none for an unknown path.
Methods match_operation(Segments segments, Route& route) {
    if (segments.empty()) return {};
    const std::string& head = segments[0];
    if (head == "tasks" && segments.size() > 1) return match_task(segments, route);
    if (segments.size() > 1) return {};
    if (head == "message:send") return kSendMethods;
    if (head == "message:stream") return kStreamMethods;
    if (head == "tasks") return kTasksMethods;
    if (head == "extendedAgentCard") return kExtendedCardMethods;
    return {};
}

/// The operator's paths. They do not collide with paths of operations, so "admin" can still be a
/// tenant.
Methods match_admin(Segments segments, Route& route) {
    if (segments.size() < 2 || segments[0] != "admin") return {};
    const bool push = segments[1] == "push-dead-letters";
    if (!push && segments[1] != "dead-letters") return {};
    route.push = push;
    if (segments.size() == 2) return kDeadLettersMethods;
    if (segments.size() != 3 || !take_verb(segments[2], ":redrive") || segments[2].empty())
        return {};
    route.id = std::move(segments[2]);
    return kRedriveMethods;
}

/// OpenAI's paths. None of them is one of an operation: "chat" is reserved and "models" is no
/// operation.
Methods match_chat(Segments segments, RouteMatch& match) {
    if (segments.size() < 2 || segments[0] != "v1") return {};
    const bool models = segments.size() == 2 && segments[1] == "models";
    const bool completions =
        segments.size() == 3 && segments[1] == "chat" && segments[2] == "completions";
    match.chat = models || completions;
    return models ? Methods(kModelsMethods) : completions ? Methods(kSendMethods) : Methods();
}

Methods match_path(Segments segments, RouteMatch& match) {
    if (segments.empty()) return kRpcMethods;
    if (segments[0] == "health") {
        if (segments.size() == 1) return kHealthMethods;
        return segments.size() == 2 && segments[1] == "ready" ? Methods(kReadinessMethods)
                                                              : Methods();
    }
    if (segments[0] == ".well-known") {
        if (segments.size() == 2 && segments[1] == "ai-catalog.json") return kCatalogMethods;
        // agent.json was the card's name before 0.3; gateways still ask for it.
        const bool card = segments.size() == 2 &&
                          (segments[1] == "agent-card.json" || segments[1] == "agent.json");
        if (segments.size() == 2 && segments[1] == "jwks.json") return kKeySetMethods;
        return card ? Methods(kCardMethods) : Methods();
    }
    Route& route = match.route;
    if (const Methods admin = match_admin(segments, route); !admin.empty()) return admin;
    const Methods chat = match_chat(segments, match);
    if (match.chat) {
        route.under_v1 = true;
        return chat;
    }
    if (segments[0] == "v1") {
        route.under_v1 = true;
        segments = segments.subspan(1);
    }
    if (route.under_v1 && segments.size() == 1 && segments[0] == "card") {
        match.only_v03 = match.shared_with_v03 = true;
        return kExtendedCardMethods;
    }
    if (segments.size() > 1 && may_be_tenant(segments[0])) {
        route.tenant = std::move(segments[0]);
        segments = segments.subspan(1);
    }
    const bool extended_card = segments.size() == 1 && segments[0] == "extendedAgentCard";
    match.shared_with_v03 = route.under_v1 && route.tenant.empty() && !extended_card;
    return match_operation(segments, route);
}

/// Decoded after splitting, so that an encoded slash belongs to its segment. False when a segment
/// is malformed; `count` is beyond kMaxSegments, or an empty segment is left in, when the path can
/// only be unknown.
bool split(std::string_view path, std::array<std::string, kMaxSegments>& segments,
           std::size_t& count) {
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    count = 0;
    while (!path.empty()) {
        if (count == kMaxSegments) {
            ++count;
            return true;
        }
        auto decoded = percent_decode(take_until(path, '/'), false);
        if (!decoded) return false;
        segments[count++] = std::move(*decoded);
    }
    return true;
}

/// Without the scheme and authority that a proxy sends ("http://host/path"), and without a
/// fragment.
std::string_view origin_form(std::string_view target) noexcept {
    target = target.substr(0, target.find('#'));
    if (!target.starts_with("http://") && !target.starts_with("https://")) return target;
    target.remove_prefix(target.find("//") + 2);
    const std::size_t path = target.find_first_of("/?");
    return path == std::string_view::npos ? std::string_view{} : target.substr(path);
}

std::string allow_list(Methods methods) {
    std::string allow;
    for (const MethodEntry& entry : methods) allow.append(entry.method).append(", ");
    return allow + "OPTIONS";
}

}  // namespace

bool may_be_tenant(std::string_view segment) noexcept {
    static constexpr std::array<std::string_view, 10> kReserved{
        ".",    "..",          "v1",           "tasks",          "health",
        "chat", ".well-known", "message:send", "message:stream", "extendedAgentCard"};
    return std::find(kReserved.begin(), kReserved.end(), segment) == kReserved.end();
}

RouteMatch match_route(std::string_view method, std::string_view target) {
    RouteMatch match;
    if (target == "*" && method == "OPTIONS") {
        match.outcome = RouteMatch::Outcome::kOptions;
        match.allow = "GET, HEAD, POST, DELETE, OPTIONS";
        return match;
    }
    target = origin_form(target);
    const std::string_view path = take_until(target, '?');
    if (!path.empty() && path.front() != '/') return match;
    std::array<std::string, kMaxSegments> segments;
    std::size_t count = 0;
    if (!split(path, segments, count)) {
        match.outcome = RouteMatch::Outcome::kMalformed;
        return match;
    }
    if (count > kMaxSegments) return match;
    const Segments found(segments.data(), count);
    if (std::any_of(found.begin(), found.end(), [](const std::string& s) { return s.empty(); }))
        return match;
    const Methods methods = match_path(found, match);
    if (methods.empty()) return match;
    match.route.query = target;
    const auto entry = std::find_if(methods.begin(), methods.end(),
                                    [&](const auto& m) { return m.method == method; });
    if (entry == methods.end()) {
        match.route.kind = methods.front().kind;
        match.allow = allow_list(methods);
        match.outcome = method == "OPTIONS" ? RouteMatch::Outcome::kOptions
                                            : RouteMatch::Outcome::kMethodNotAllowed;
        return match;
    }
    match.route.kind = entry->kind;
    match.route.operation = entry->operation;
    match.outcome = RouteMatch::Outcome::kFound;
    return match;
}

Version version_of_error(const RouteMatch& match, const RequestHead& head,
                         const Versions& versions) {
    if (match.chat && versions.chat) return Version::kChat;
    const bool json_rpc =
        match.outcome == RouteMatch::Outcome::kFound && match.route.kind == RouteKind::kJsonRpc;
    const bool unknown =
        (match.outcome != RouteMatch::Outcome::kFound || match.chat) && match.route.under_v1;
    if (!json_rpc && !unknown && !match.shared_with_v03) return Version::k1_0;
    const std::string_view target = head.target;
    const std::size_t query = target.find('?');
    const std::string_view rest =
        query == std::string_view::npos ? std::string_view() : target.substr(query + 1);
    return version_for_errors(requested_version(head.header("a2a-version"), rest), versions);
}

}  // namespace a2akit::wire
