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

/// Whether the path is that of a resource, whose "{id}" is then in `id`.
bool is_path_of(const Resource& resource, Segments segments, std::string& id) {
    constexpr std::string_view kId = "{id}";
    std::string_view path = resource.path.substr(1);
    for (const std::string& segment : segments) {
        if (path.empty()) return false;
        const std::string_view wanted = take_until(path, '/');
        if (!wanted.starts_with(kId)) {
            if (segment != wanted) return false;
            continue;
        }
        const std::string_view verb = wanted.substr(kId.size());
        if (!segment.ends_with(verb) || segment.size() == verb.size()) return false;
        id.assign(segment, 0, segment.size() - verb.size());
    }
    return path.empty();
}

/// Finds a resource and the methods of its path. False: the path belongs to none.
bool match_resource(const Resources& resources, std::string_view method, Segments segments,
                    RouteMatch& match) {
    // The root is also the path of JSON-RPC: a page there takes nothing from other methods.
    if (segments.empty() && method != "GET" && method != "HEAD") return false;
    std::string id;
    for (const Resource& resource : resources) {
        if (!is_path_of(resource, segments, id)) continue;
        const bool gets = resource.method == "GET";
        match.allow.append(resource.method).append(gets ? ", HEAD, " : ", ");
        if (method != resource.method && !(gets && method == "HEAD")) continue;
        match.route.kind = RouteKind::kResource;
        match.route.resource = &resource;
        match.route.id = std::move(id);
        match.allow.clear();
        match.outcome = RouteMatch::Outcome::kFound;
        return true;
    }
    if (match.allow.empty()) return false;
    match.route.kind = RouteKind::kResource;
    match.allow.append("OPTIONS");
    match.outcome = method == "OPTIONS" ? RouteMatch::Outcome::kOptions
                                        : RouteMatch::Outcome::kMethodNotAllowed;
    return true;
}

/// OpenAI's paths. None of them is one of an operation: "chat" is reserved and "models" is not an
/// operation.
enum class ChatPath { kNone, kModels, kCompletions };

ChatPath chat_path(Segments segments) {
    if (segments.size() < 2 || segments[0] != "v1") return ChatPath::kNone;
    if (segments.size() == 2 && segments[1] == "models") return ChatPath::kModels;
    if (segments.size() == 3 && segments[1] == "chat" && segments[2] == "completions")
        return ChatPath::kCompletions;
    return ChatPath::kNone;
}

Methods match_path(Segments segments, RouteMatch& match) {
    if (segments.empty()) return kRpcMethods;
    Route& route = match.route;
    if (match.chat)
        return chat_path(segments) == ChatPath::kCompletions ? Methods(kSendMethods) : Methods();
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

const Resource* find_resource(const Resources& resources, std::string_view target) noexcept {
    const std::string_view path = target.substr(0, target.find('?'));
    for (const Resource& resource : resources) {
        if (resource.path == path) return &resource;
    }
    return nullptr;
}

RouteMatch match_route(std::string_view method, std::string_view target,
                       const Resources& resources) {
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
    match.chat = match.route.under_v1 = chat_path(found) != ChatPath::kNone;
    if (!target.empty()) match.route.query = target;
    if (match_resource(resources, method, found, match)) return match;
    const Methods methods = match_path(found, match);
    if (methods.empty()) return match;
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
