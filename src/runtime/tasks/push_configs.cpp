#include "runtime/tasks/push_configs.hpp"

#include "runtime/tasks/public_error.hpp"
#include "runtime/tasks/request_validation.hpp"

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;
constexpr std::size_t kMaxSecretBytes = 4096;

/// Visible ASCII and spaces: what may stand in a header without ending it.
bool fits_a_header(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

/// A token of RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto allowed = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::ranges::all_of(text, allowed);
}

std::optional<std::string> refuse_secret(std::string_view text) {
    if (text.size() > kMaxSecretBytes)
        return "is longer than " + std::to_string(kMaxSecretBytes) + " bytes";
    if (!fits_a_header(text)) return "may hold visible ASCII characters and spaces only";
    return std::nullopt;
}

std::optional<std::string> refuse_id(std::string_view id) {
    if (id.size() > kMaxIdBytes) return "is longer than " + std::to_string(kMaxIdBytes) + " bytes";
    const bool control =
        std::ranges::any_of(id, [](char c) { return static_cast<unsigned char>(c) < ' '; });
    if (control) return "must not hold control characters";
    return std::nullopt;
}

Error no_such_config() {
    return {ErrorCode::kTaskNotFound, "the task has no such push notification configuration",
            nullptr};
}

TaskPushNotificationConfig shown(const PushConfig& stored) {
    TaskPushNotificationConfig config = stored.config;
    config.task_id = stored.task.to_string();
    config.token.clear();
    if (config.authentication) config.authentication->credentials.clear();
    return config;
}

}  // namespace

PushConfigs::PushConfigs(std::shared_ptr<PushStore> store, PushConfigsOptions options)
    : store_(std::move(store)), options_(std::move(options)) {}

std::optional<Error> PushConfigs::refuse(const TaskPushNotificationConfig& config,
                                         const std::string& prefix) const {
    const auto wrong = [&](const char* field, std::optional<std::string> why) {
        return why ? std::optional(Error::invalid_field(prefix + field, std::move(*why)))
                   : std::nullopt;
    };
    if (auto error = wrong("id", refuse_id(config.id))) return error;
    if (config.url.size() > kMaxUrlBytes)
        return wrong("url", "is longer than " + std::to_string(kMaxUrlBytes) + " bytes");
    if (options_.refuse_url) {
        if (auto error = wrong("url", options_.refuse_url(config.url))) return error;
    }
    if (auto error = wrong("token", refuse_secret(config.token))) return error;
    if (!config.authentication) return std::nullopt;
    if (!is_token(config.authentication->scheme)) {
        return wrong("authentication.scheme",
                     "must be the name of an HTTP authentication scheme, such as Bearer");
    }
    return wrong("authentication.credentials", refuse_secret(config.authentication->credentials));
}

AsyncResult<PushConfig> PushConfigs::put(OwnerScope scope, NewPushConfig config) {
    const TaskId task = config.task;
    config.config.tenant.clear();
    config.config.task_id.clear();
    config.task_first = options_.task_first;
    config.at_most = kMostPerTask;
    Result<PushConfig> stored = co_await store_->put_config(std::move(scope), std::move(config));
    if (!stored) co_return fail(public_error(std::move(stored.error())));
    if (options_.on_configured) options_.on_configured(task);
    co_return stored;
}

AsyncResult<TaskPushNotificationConfig> PushConfigs::create(TaskPushNotificationConfig config,
                                                            OwnerScope scope,
                                                            ProtocolVersion version) {
    const auto task = TaskId::parse(config.task_id);
    if (!task) co_return task_not_found(config.task_id);
    if (auto refused = refuse(config)) co_return std::move(*refused);
    NewPushConfig made;
    made.task = *task;
    made.version = version;
    made.config = std::move(config);
    // In 0.3 the operation is called "set": without an id it sets the one that the task has.
    if (made.config.id.empty()) {
        made.config.id =
            version == ProtocolVersion::k0_3 ? task->to_string() : Uuid::generate().to_string();
    }
    TaskPushNotificationConfig answer = made.config;
    answer.task_id = task->to_string();
    Result<PushConfig> stored = co_await put(std::move(scope), std::move(made));
    if (!stored) co_return fail(std::move(stored.error()));
    co_return answer;
}

AsyncResult<TaskPushNotificationConfig> PushConfigs::get(
    GetTaskPushNotificationConfigRequest request, OwnerScope scope) {
    const auto task = TaskId::parse(request.task_id);
    if (!task) co_return task_not_found(request.task_id);
    if (request.id.empty()) {
        const auto all = co_await store_->list_configs(std::move(scope), *task);
        if (!all) co_return fail(public_error(all.error()));
        if (all->empty()) co_return no_such_config();
        const auto named = std::ranges::find(*all, task->to_string(),
                                             [](const PushConfig& each) { return each.config.id; });
        co_return shown(named == all->end() ? all->front() : *named);
    }
    const auto found = co_await store_->find_config(std::move(scope), *task, std::move(request.id));
    if (!found) co_return fail(public_error(found.error()));
    if (!*found) co_return no_such_config();
    co_return shown(**found);
}

AsyncResult<ListTaskPushNotificationConfigsResponse> PushConfigs::list(
    ListTaskPushNotificationConfigsRequest request, OwnerScope scope) {
    const auto task = TaskId::parse(request.task_id);
    if (!task) co_return task_not_found(request.task_id);
    const auto all = co_await store_->list_configs(std::move(scope), *task);
    if (!all) co_return fail(public_error(all.error()));
    ListTaskPushNotificationConfigsResponse response;
    for (const PushConfig& each : *all) response.configs.push_back(shown(each));
    co_return response;
}

AsyncResult<void> PushConfigs::remove(DeleteTaskPushNotificationConfigRequest request,
                                      OwnerScope scope) {
    const auto task = TaskId::parse(request.task_id);
    if (!task) co_return task_not_found(request.task_id);
    const Result<void> removed =
        co_await store_->remove_config(std::move(scope), *task, std::move(request.id));
    if (!removed) co_return fail(public_error(removed.error()));
    co_return Result<void>();
}

AsyncResult<void> PushConfigs::attach(TaskId task, TaskPushNotificationConfig config,
                                      ProtocolVersion version, Sequence after) {
    NewPushConfig made;
    made.task = task;
    made.version = version;
    made.after = after;
    made.config = std::move(config);
    if (made.config.id.empty()) made.config.id = task.to_string();
    Result<PushConfig> stored = co_await put(OwnerScope::everything(), std::move(made));
    if (!stored) co_return fail(std::move(stored.error()));
    co_return Result<void>();
}

AsyncResult<void> PushConfigs::attach_once(TaskId task, TaskPushNotificationConfig config,
                                           ProtocolVersion version) {
    std::string id = config.id.empty() ? task.to_string() : config.id;
    const auto found = co_await store_->find_config(OwnerScope::everything(), task, std::move(id));
    if (!found) co_return fail(public_error(found.error()));
    if (*found) co_return Result<void>();
    AsyncResult<void> attaching = attach(task, std::move(config), version, 0);
    co_return co_await std::move(attaching);
}

}  // namespace a2akit
