#include <a2akit/client/async_client.hpp>

#include "client/card_finder.hpp"
#include "client/resuming_stream.hpp"
#include "client/session.hpp"

#include <a2akit/core/ids.hpp>

#include <cstddef>
#include <functional>
#include <set>
#include <utility>

namespace a2akit {
namespace {

using client::Call;

template <class T>
AsyncResult<T> call_for(std::shared_ptr<client::Session> session, Call call) {
    auto reply = co_await session->call(std::move(call));
    if (!reply) co_return fail(std::move(reply.error()));
    co_return std::get<T>(std::move(*reply));
}

Call send_call(Operation operation, Message message, SendOptions options,
               std::vector<client::OutgoingFile> files = {}) {
    if (message.message_id.empty()) message.message_id = Uuid::generate().to_string();
    if (message.role == Role::kUnspecified) message.role = Role::kUser;
    std::string key = std::move(options.idempotency_key);
    if (key.empty()) key = Uuid::generate().to_string();
    SendMessageRequest request;
    request.message = std::move(message);
    request.configuration = std::move(options.configuration);
    request.metadata = std::move(options.metadata);
    return {operation, std::move(request), {{"Idempotency-Key", std::move(key)}}, std::move(files)};
}

AsyncResult<AsyncClientStream> open_stream(std::shared_ptr<client::Session> session, Call call) {
    auto opened = co_await session->open(call);
    if (!opened) co_return fail(std::move(opened.error()));
    co_return AsyncClientStream(
        std::make_unique<client::ResumingStream>(session, std::move(call), std::move(*opened)));
}

/// How many pages without a task may follow each other, and how many a list of push configurations
/// may have.
constexpr std::size_t kMaxPages = 100;

/// Finds out that a list never ends.
class PageTokens {
public:
    /// Takes the token of the next page, and whether this page brought something.
    Result<void> add(const std::string& token, bool is_useful) {
        if (!seen_.insert(std::hash<std::string>{}(token)).second) {
            return fail(ErrorCode::kInvalidAgentResponse,
                        "the agent's list never ends: it repeats a page token");
        }
        useless_ = is_useful ? 0 : useless_ + 1;
        if (useless_ < kMaxPages) return {};
        return fail(ErrorCode::kInvalidAgentResponse,
                    "the agent's list never ends: " + std::to_string(kMaxPages) +
                        " pages led to nothing but the next one");
    }

private:
    std::set<std::size_t> seen_;  ///< Hashes: an agent may make its tokens as long as an answer.
    std::size_t useless_ = 0;
};

}  // namespace

AsyncClientStream::AsyncClientStream(std::unique_ptr<client::ResumingStream> stream) noexcept
    : stream_(std::move(stream)) {}
AsyncClientStream::AsyncClientStream(AsyncClientStream&&) noexcept = default;
AsyncClientStream& AsyncClientStream::operator=(AsyncClientStream&&) noexcept = default;
AsyncClientStream::~AsyncClientStream() = default;

AsyncResult<std::optional<StreamEvent>> AsyncClientStream::next() { return stream_->next(); }
const std::string& AsyncClientStream::last_event_id() const noexcept {
    return stream_->last_event_id();
}
int AsyncClientStream::resumptions() const noexcept { return stream_->resumptions(); }

class AsyncTaskList::Pages {
public:
    Pages(std::shared_ptr<client::Session> session, ListTasksRequest request)
        : session_(std::move(session)), request_(std::move(request)) {}

    AsyncResult<std::optional<Task>> next() {
        while (taken_ == page_.size()) {
            if (is_last_) co_return std::optional<Task>();
            auto page =
                co_await call_for<ListTasksResponse>(session_, {Operation::kListTasks, request_});
            if (!page) co_return fail(std::move(page.error()));
            page_ = std::move(page->tasks);
            taken_ = 0;
            request_.page_token = std::move(page->next_page_token);
            is_last_ = request_.page_token.empty();
            if (is_last_) continue;
            if (auto added = tokens_.add(request_.page_token, !page_.empty()); !added) {
                is_last_ = true;
                page_.clear();
                co_return fail(std::move(added.error()));
            }
        }
        co_return std::optional(std::move(page_[taken_++]));
    }

private:
    std::shared_ptr<client::Session> session_;
    ListTasksRequest request_;
    PageTokens tokens_;
    std::vector<Task> page_;
    std::size_t taken_ = 0;
    bool is_last_ = false;
};

AsyncTaskList::AsyncTaskList(std::shared_ptr<client::Session> session, ListTasksRequest request)
    : pages_(std::make_unique<Pages>(std::move(session), std::move(request))) {}
AsyncTaskList::AsyncTaskList(AsyncTaskList&&) noexcept = default;
AsyncTaskList& AsyncTaskList::operator=(AsyncTaskList&&) noexcept = default;
AsyncTaskList::~AsyncTaskList() = default;

AsyncResult<std::optional<Task>> AsyncTaskList::next() { return pages_->next(); }

AsyncResult<AsyncClient> AsyncClient::connect(std::string url, ClientOptions options) {
    auto http = client::make_curl_client(options);
    client::CardFinder finder(http, options);
    auto found = co_await finder.find(url);
    if (!found) co_return fail(std::move(found.error()));
    try {
        co_return AsyncClient(std::make_shared<client::Session>(
            std::move(found->card), std::move(options), std::move(http), url));
    } catch (const Exception& exception) {
        co_return fail(exception.error());
    }
}

AsyncClient::AsyncClient(AgentCard card, ClientOptions options) {
    auto http = client::make_curl_client(options);
    session_ = std::make_shared<client::Session>(std::move(card), std::move(options),
                                                 std::move(http), std::string());
}
AsyncClient::AsyncClient(std::shared_ptr<client::Session> session) noexcept
    : session_(std::move(session)) {}

const AgentCard& AsyncClient::card() const noexcept { return session_->card(); }
AgentInterface AsyncClient::interface() const { return session_->binding().interface(); }

static AsyncResult<SendResult> send_over(std::shared_ptr<client::Session> session, Call call) {
    auto response = co_await call_for<SendMessageResponse>(session, std::move(call));
    if (!response) co_return fail(std::move(response.error()));
    if (auto* task = std::get_if<Task>(&response->payload)) co_return SendResult(std::move(*task));
    if (auto* reply = std::get_if<Message>(&response->payload))
        co_return SendResult(std::move(*reply));
    co_return fail(ErrorCode::kInvalidAgentResponse,
                   "the agent's answer to a send holds neither a task nor a message");
}

AsyncResult<SendResult> AsyncClient::send(Message message, SendOptions options) {
    return send_over(session_,
                     send_call(Operation::kSendMessage, std::move(message), std::move(options)));
}
AsyncResult<SendResult> AsyncClient::send(std::string text, SendOptions options) {
    return send(user_message(std::move(text)), std::move(options));
}
AsyncResult<SendResult> AsyncClient::send_parts(std::vector<OutgoingPart> parts,
                                                SendOptions options, Message message) {
    auto files = client::place_files(std::move(parts), message);
    if (!files) return fail(std::move(files.error()));
    return send_over(session_, send_call(Operation::kSendMessage, std::move(message),
                                         std::move(options), std::move(*files)));
}

AsyncResult<AsyncClientStream> AsyncClient::stream(Message message, SendOptions options) {
    return open_stream(session_, send_call(Operation::kSendStreamingMessage, std::move(message),
                                           std::move(options)));
}
AsyncResult<AsyncClientStream> AsyncClient::stream(std::string text, SendOptions options) {
    return stream(user_message(std::move(text)), std::move(options));
}

AsyncResult<AsyncClientStream> AsyncClient::stream_parts(std::vector<OutgoingPart> parts,
                                                         SendOptions options, Message message) {
    auto files = client::place_files(std::move(parts), message);
    if (!files) return fail(std::move(files.error()));
    return open_stream(session_, send_call(Operation::kSendStreamingMessage, std::move(message),
                                           std::move(options), std::move(*files)));
}

static AsyncResult<std::string> text_over(AsyncResult<AsyncClientStream> opening) {
    auto stream = co_await std::move(opening);
    if (!stream) co_return fail(std::move(stream.error()));
    std::string text;
    for (;;) {
        auto event = co_await stream->next();
        if (!event) co_return fail(std::move(event.error()));
        if (!*event) co_return text;
        // A task after a gap holds the whole text.
        if ((*event)->after_gap && (*event)->task() != nullptr) text.clear();
        text += (*event)->text();
    }
}

AsyncResult<std::string> AsyncClient::stream_text(std::string text, SendOptions options) {
    return text_over(stream(std::move(text), std::move(options)));
}

AsyncResult<Task> AsyncClient::get_task(std::string task_id, std::optional<int> history_length) {
    return call_for<Task>(
        session_, {Operation::kGetTask, GetTaskRequest{{}, std::move(task_id), history_length}});
}
AsyncResult<ListTasksResponse> AsyncClient::list_tasks(ListTasksRequest request) {
    return call_for<ListTasksResponse>(session_, {Operation::kListTasks, std::move(request)});
}
AsyncTaskList AsyncClient::tasks(ListTasksRequest request) {
    return {session_, std::move(request)};
}
AsyncResult<Task> AsyncClient::cancel(std::string task_id, RawJson metadata) {
    return call_for<Task>(
        session_,
        {Operation::kCancelTask, CancelTaskRequest{{}, std::move(task_id), std::move(metadata)}});
}
AsyncResult<AsyncClientStream> AsyncClient::subscribe(std::string task_id,
                                                      std::string last_event_id) {
    Call call{Operation::kSubscribeToTask, SubscribeToTaskRequest{{}, std::move(task_id)}};
    if (!last_event_id.empty())
        call.headers.emplace_back("Last-Event-ID", std::move(last_event_id));
    return open_stream(session_, std::move(call));
}

AsyncResult<TaskPushNotificationConfig> AsyncClient::set_push_config(
    TaskPushNotificationConfig config) {
    return call_for<TaskPushNotificationConfig>(
        session_, {Operation::kCreateTaskPushNotificationConfig, std::move(config)});
}
AsyncResult<TaskPushNotificationConfig> AsyncClient::get_push_config(std::string task_id,
                                                                     std::string config_id) {
    return call_for<TaskPushNotificationConfig>(
        session_,
        {Operation::kGetTaskPushNotificationConfig,
         GetTaskPushNotificationConfigRequest{{}, std::move(task_id), std::move(config_id)}});
}

static AsyncResult<std::vector<TaskPushNotificationConfig>> all_configs(
    std::shared_ptr<client::Session> session, std::string task_id) {
    std::vector<TaskPushNotificationConfig> all;
    PageTokens tokens;
    ListTaskPushNotificationConfigsRequest request{{}, std::move(task_id), 0, {}};
    for (;;) {
        auto page = co_await call_for<ListTaskPushNotificationConfigsResponse>(
            session, {Operation::kListTaskPushNotificationConfigs, request});
        if (!page) co_return fail(std::move(page.error()));
        std::move(page->configs.begin(), page->configs.end(), std::back_inserter(all));
        if (page->next_page_token.empty()) co_return all;
        request.page_token = std::move(page->next_page_token);
        if (auto added = tokens.add(request.page_token, false); !added)
            co_return fail(std::move(added.error()));
    }
}

AsyncResult<std::vector<TaskPushNotificationConfig>> AsyncClient::list_push_configs(
    std::string task_id) {
    return all_configs(session_, std::move(task_id));
}

static AsyncResult<void> delete_config(std::shared_ptr<client::Session> session, Call call) {
    auto reply = co_await session->call(std::move(call));
    if (!reply) co_return fail(std::move(reply.error()));
    co_return Result<void>();
}

AsyncResult<void> AsyncClient::delete_push_config(std::string task_id, std::string config_id) {
    return delete_config(session_, {Operation::kDeleteTaskPushNotificationConfig,
                                    DeleteTaskPushNotificationConfigRequest{
                                        {}, std::move(task_id), std::move(config_id)}});
}
AsyncResult<AgentCard> AsyncClient::extended_card() {
    return call_for<AgentCard>(session_,
                               {Operation::kGetExtendedAgentCard, GetExtendedAgentCardRequest{}});
}

}  // namespace a2akit
