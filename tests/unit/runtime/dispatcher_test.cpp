#include "runtime/tasks/dispatcher.hpp"
#include "task_manager_fixture.hpp"

#include <stdexcept>

namespace a2akit {
namespace {

using enum TaskState;

/// Writes down what happens to it, and does what the test wants.
class NotingMiddleware final : public Middleware {
public:
    NotingMiddleware(std::string name, Words& notes) : name_(std::move(name)), notes_(notes) {}

    AsyncResult<void> before_body(RequestContext& context) override {
        notes_.push_back("body " + name_ + std::string(context.header("x-note")));
        context.headers.emplace_back("x-note", " after " + name_);
        if (throws) throw std::runtime_error("the secret is 42");
        if (refuses) return fail(ErrorCode::kUnauthenticated, "who are you?");
        return Result<void>{};
    }
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override {
        notes_.push_back("before " + name_);
        if (throws) throw std::runtime_error("the secret is 42");
        if (principal) envelope.principal.name = *principal;
        if (refuses) return fail(ErrorCode::kUnauthenticated, "who are you?");
        return Result<void>{};
    }
    AsyncResult<void> after_dispatch(const RequestEnvelope& envelope,
                                     const Result<Reply>& reply) override {
        notes_.push_back("after " + name_ + (reply ? " ok" : " error"));
        if (const auto* send = std::get_if<SendMessageRequest>(&envelope.params))
            saw = send->message.text();
        if (throws_after) throw std::runtime_error("after");
        return Result<void>{};
    }

    bool throws = false;
    bool throws_after = false;
    bool refuses = false;
    std::optional<std::string> principal;
    std::string saw;

private:
    std::string name_;
    Words& notes_;
};

class Gate final : public Authorizer {
public:
    Result<OwnerScope> authorize(const RequestEnvelope& envelope) override {
        seen = envelope;
        if (throws) throw std::runtime_error("the secret is 42");
        if (refuses) return fail(ErrorCode::kPermissionDenied, "not you");
        return answer.value_or(OwnerScope{envelope.principal.name, envelope.tenant, false});
    }
    RequestEnvelope seen;
    bool throws = false;
    bool refuses = false;
    std::optional<OwnerScope> answer;
};

class DispatcherTest : public TaskManagerTest {
protected:
    DispatcherTest() {
        card_.capabilities.streaming = true;
        card_.default_input_modes = {"text/plain"};
    }
    Dispatcher dispatcher(std::vector<std::shared_ptr<Middleware>> middlewares = {}) {
        return {manager_, card_, {.authorizer = gate_, .middlewares = std::move(middlewares)}};
    }
    static RequestEnvelope envelope(Operation operation, OperationParams params) {
        RequestEnvelope made;
        made.operation = operation;
        made.params = std::move(params);
        made.principal.name = "alice";
        return made;
    }
    HandledRequest handle(Dispatcher& dispatcher, RequestEnvelope made) {
        return loop_.await(dispatcher.handle(std::move(made)));
    }
    ErrorCode refusal(Operation operation, OperationParams params) {
        Dispatcher made = dispatcher();
        return handle(made, envelope(operation, std::move(params))).reply.error().code;
    }
    std::shared_ptr<NotingMiddleware> noting(std::string name) {
        return std::make_shared<NotingMiddleware>(std::move(name), notes_);
    }

    AgentCard card_;
    std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
    Words notes_;
};

TEST_F(DispatcherTest, EveryOperationReachesTheManager) {
    Dispatcher made = dispatcher();
    Pending<HandledRequest> sent(
        group_, made.handle(envelope(Operation::kSendMessage, message_of("hello"))));
    loop_.run_ready();
    end(claim(), kInputRequired);
    ASSERT_TRUE(sent.done());
    const std::string id =
        std::get<Task>(std::get<SendMessageResponse>(*sent.value().reply).payload).id;

    auto handled = handle(made, envelope(Operation::kGetTask, GetTaskRequest{{}, id, {}}));
    EXPECT_EQ(std::get<Task>(*handled.reply).id, id);
    handled = handle(made, envelope(Operation::kListTasks, ListTasksRequest{}));
    EXPECT_EQ(std::get<ListTasksResponse>(*handled.reply).tasks.size(), 1U);
    handled = handle(made, envelope(Operation::kSubscribeToTask, SubscribeToTaskRequest{{}, id}));
    EXPECT_TRUE(std::get<std::unique_ptr<EventStream>>(*handled.reply));
    handled = handle(made, envelope(Operation::kSendStreamingMessage, follow_up(id, "go on")));
    EXPECT_TRUE(std::get<std::unique_ptr<EventStream>>(*handled.reply));
    handled = handle(made, envelope(Operation::kCancelTask, CancelTaskRequest{{}, id, {}}));
    EXPECT_EQ(std::get<Task>(*handled.reply).status.state, kCanceled);
}

TEST_F(DispatcherTest, AClientThatLeavesIsNotWaitedFor) {
    Dispatcher made = dispatcher();
    ClientPresence client;
    RequestEnvelope sending = envelope(Operation::kSendMessage, message_of("hello"));
    sending.client = &client;
    Pending<HandledRequest> sent(group_, made.handle(std::move(sending)));
    loop_.run_ready();
    const ClaimedRun run = claim();
    client.leave();
    loop_.run_ready();
    EXPECT_TRUE(sent.done());
    end(run, kCompleted);
}

TEST_F(DispatcherTest, UnbuiltOperationsAreRefused) {
    const auto kPush = ErrorCode::kPushNotificationNotSupported;
    EXPECT_EQ(refusal(Operation::kCreateTaskPushNotificationConfig, TaskPushNotificationConfig{}),
              kPush);
    EXPECT_EQ(
        refusal(Operation::kGetTaskPushNotificationConfig, GetTaskPushNotificationConfigRequest{}),
        kPush);
    EXPECT_EQ(refusal(Operation::kListTaskPushNotificationConfigs,
                      ListTaskPushNotificationConfigsRequest{}),
              kPush);
    EXPECT_EQ(refusal(Operation::kDeleteTaskPushNotificationConfig,
                      DeleteTaskPushNotificationConfigRequest{}),
              kPush);
    EXPECT_EQ(refusal(Operation::kGetExtendedAgentCard, GetExtendedAgentCardRequest{}),
              ErrorCode::kUnsupportedOperation);
}

TEST_F(DispatcherTest, SomebodyElsesTaskIsNotFound) {
    const std::string id = accept();
    Dispatcher made = dispatcher();
    const auto as_bob = [&](Operation operation, OperationParams params) {
        RequestEnvelope request = envelope(operation, std::move(params));
        request.principal.name = "bob";
        return handle(made, std::move(request)).reply.error().code;
    };
    EXPECT_EQ(as_bob(Operation::kGetTask, GetTaskRequest{{}, id, {}}), ErrorCode::kTaskNotFound);
    EXPECT_EQ(as_bob(Operation::kCancelTask, CancelTaskRequest{{}, id, {}}),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(as_bob(Operation::kSubscribeToTask, SubscribeToTaskRequest{{}, id}),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(as_bob(Operation::kSendMessage, follow_up(id, "and?")), ErrorCode::kTaskNotFound);
    EXPECT_EQ(as_bob(Operation::kSendStreamingMessage, follow_up(id, "and?")),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(handle(made, envelope(Operation::kGetTask, GetTaskRequest{"other tenant", id, {}}))
                  .reply.error()
                  .code,
              ErrorCode::kTaskNotFound);
}

TEST_F(DispatcherTest, ANameThatIsNoKeyOfStorageReachesNobody) {
    const auto outcome = [&](std::string principal, std::string tenant,
                             std::optional<OwnerScope> scope) {
        gate_->seen = {};
        gate_->answer = std::move(scope);
        Dispatcher made = dispatcher();
        RequestEnvelope request = envelope(Operation::kListTasks, ListTasksRequest{});
        request.principal.name = std::move(principal);
        request.tenant = std::move(tenant);
        const auto handled = handle(made, std::move(request));
        return handled.reply ? "served" : std::string(to_string(handled.reply.error().code));
    };
    const std::string fits(kMaxNameBytes, 'x');
    const std::string long_name(kMaxNameBytes + 1, 'x');
    EXPECT_EQ(outcome(fits, fits, {}), "served");
    EXPECT_EQ(outcome(long_name, {}, {}), "INTERNAL");
    EXPECT_TRUE(gate_->seen.principal.name.empty()) << "the gate is not asked about nobody";
    EXPECT_EQ(outcome({}, long_name, {}), "INVALID_PARAMS");
    EXPECT_EQ(outcome({}, {}, OwnerScope{long_name, {}, false}), "INTERNAL");
    EXPECT_EQ(outcome({}, {}, OwnerScope{{}, long_name, false}), "INTERNAL");
}

TEST_F(DispatcherTest, RequestsThatTheCardForbidsReachNoHandler) {
    SendMessageRequest request = message_of("hello");
    request.message.parts.push_back(Part::from_data(RawJson("{}")));
    EXPECT_EQ(refusal(Operation::kSendMessage, std::move(request)),
              ErrorCode::kContentTypeNotSupported);
    EXPECT_TRUE(loop_.await(manager_.list({}, kAlice)).value().tasks.empty());
}

TEST_F(DispatcherTest, ParamsOfAnotherOperationAreRefused) {
    EXPECT_EQ(refusal(Operation::kGetTask, ListTasksRequest{}), ErrorCode::kInvalidRequest);
    EXPECT_EQ(refusal(Operation::kSendMessage, ListTasksRequest{}), ErrorCode::kInvalidRequest);
}

TEST_F(DispatcherTest, ActivatedExtensionsAreAnsweredAndReachTheTurn) {
    card_.capabilities.extensions = {{"urn:a", "", false, {}}};
    Dispatcher made = dispatcher();
    RequestEnvelope request = envelope(Operation::kSendMessage, message_of("hello"));
    request.extensions = {"urn:a", "urn:b"};
    request.context.request_id = "r1";
    Pending<HandledRequest> sent(group_, made.handle(std::move(request)));
    loop_.run_ready();
    const ClaimedRun run = claim();
    EXPECT_EQ(run.input.extensions, Words{"urn:a"});
    ASSERT_TRUE(run.input.context);
    EXPECT_EQ(run.input.context->request_id, "r1");
    end(run, kCompleted);
    EXPECT_EQ(sent.value().activated_extensions, Words{"urn:a"});
}

TEST_F(DispatcherTest, TheSenderReachesTheTurnEvenIfAnotherPrincipalOwnsTheTask) {
    gate_->answer = OwnerScope{"everybody at acme", "acme", false};
    for (const bool watched : {false, true}) {
        Dispatcher made = watched ? dispatcher({noting("a")}) : dispatcher();
        RequestEnvelope request = envelope(Operation::kSendMessage, message_of("hello"));
        request.principal.scopes = {"orders.write"};
        request.context.sender = Principal{"mallory", {}};
        Pending<HandledRequest> sent(group_, made.handle(std::move(request)));
        loop_.run_ready();
        const ClaimedRun run = claim();
        ASSERT_TRUE(run.input.context);
        ASSERT_TRUE(run.input.context->sender);
        EXPECT_EQ(run.input.context->sender->name, "alice");
        EXPECT_EQ(run.input.context->sender->scopes, Words{"orders.write"});
        EXPECT_EQ(run.snapshot.owner.owner, "everybody at acme");
        end(run, kCompleted);
    }
}

TEST_F(DispatcherTest, TheTenantOfTheParamsCountsWhereThePathNamedNone) {
    Dispatcher made = dispatcher();
    RequestEnvelope request = envelope(Operation::kListTasks, ListTasksRequest{});
    std::get<ListTasksRequest>(request.params).tenant = "acme";
    handle(made, request);
    EXPECT_EQ(gate_->seen.tenant, "acme");
    request.tenant = "path";
    handle(made, request);
    EXPECT_EQ(gate_->seen.tenant, "path");
}

// -- Middlewares

TEST_F(DispatcherTest, MiddlewaresRunInOrderAndBackInReverse) {
    auto a = noting("a");
    auto b = noting("b");
    b->principal = "bob";
    Dispatcher made = dispatcher({a, b});
    EXPECT_TRUE(handle(made, envelope(Operation::kListTasks, ListTasksRequest{})).reply);
    EXPECT_EQ(notes_, (Words{"before a", "before b", "after b ok", "after a ok"}));
    EXPECT_EQ(gate_->seen.principal.name, "bob") << "the gate comes after the middlewares";
}

TEST_F(DispatcherTest, ARefusalEndsTheRequestAndOnlyTheStartedSeeIt) {
    auto a = noting("a");
    auto b = noting("b");
    auto c = noting("c");
    b->refuses = true;
    Dispatcher made = dispatcher({a, b, c});
    const auto handled = handle(made, envelope(Operation::kListTasks, ListTasksRequest{}));
    EXPECT_EQ(handled.reply.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(notes_, (Words{"before a", "before b", "after b error", "after a error"}));
}

TEST_F(DispatcherTest, BeforeABodyMiddlewaresAreAskedInOrderUntilOneRefuses) {
    auto a = noting("a");
    auto b = noting("b");
    auto c = noting("c");
    Dispatcher made = dispatcher({a, b, c});
    RequestContext context;
    EXPECT_TRUE(loop_.await(made.before_body(context)));
    EXPECT_EQ(notes_, (Words{"body a", "body b after a", "body c after a"}));
    notes_.clear();
    b->refuses = true;
    EXPECT_EQ(loop_.await(made.before_body(context)).error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(notes_.size(), 2U);
    a->throws = true;
    const auto thrown = loop_.await(made.before_body(context));
    EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
    EXPECT_EQ(thrown.error().message.find("42"), std::string::npos);
}

TEST_F(DispatcherTest, ExceptionsOfAMiddlewareStayInside) {
    auto a = noting("a");
    a->throws = true;
    Dispatcher made = dispatcher({a});
    const auto handled = handle(made, envelope(Operation::kListTasks, ListTasksRequest{}));
    EXPECT_EQ(handled.reply.error().code, ErrorCode::kInternal);
    EXPECT_EQ(handled.reply.error().message.find("42"), std::string::npos);
    EXPECT_EQ(notes_, (Words{"before a", "after a error"}));
}

TEST_F(DispatcherTest, ExceptionsInAfterDispatchChangeNothing) {
    auto a = noting("a");
    auto b = noting("b");
    b->throws_after = true;
    Dispatcher made = dispatcher({a, b});
    EXPECT_TRUE(handle(made, envelope(Operation::kListTasks, ListTasksRequest{})).reply);
    EXPECT_EQ(notes_.back(), "after a ok");
}

TEST_F(DispatcherTest, MiddlewaresStillSeeTheRequestAfterwards) {
    auto a = noting("a");
    Dispatcher made = dispatcher({a});
    Pending<HandledRequest> sent(
        group_, made.handle(envelope(Operation::kSendMessage, message_of("hello"))));
    loop_.run_ready();
    end(claim(), kCompleted);
    EXPECT_TRUE(sent.done());
    EXPECT_EQ(a->saw, "hello");
}

// -- The gate

// -- Limits of a caller

/// Two principals, each of whom may have one stream, one waiting send, and two stored tasks.
class CallerLimitsTest : public DispatcherTest {
protected:
    CallerLimitsTest() {
        limits_.slots = std::make_shared<CallerSlots>(CallerSlots::Limits{1, 1});
        limits_.quota = std::make_shared<OwnerQuota>(stored_, ports_.maintenance);
    }
    Dispatcher limited() { return {manager_, card_, {.authorizer = gate_, .limits = limits_}}; }
    static RequestEnvelope as(std::string principal, Operation operation, OperationParams params) {
        RequestEnvelope made = envelope(operation, std::move(params));
        made.principal.name = std::move(principal);
        return made;
    }
    HandledRequest send_as(Dispatcher& dispatcher, std::string principal, std::string text = "hi") {
        SendMessageRequest request = message_of(std::move(text));
        request.configuration.emplace().return_immediately = true;
        return handle(dispatcher, as(std::move(principal), Operation::kSendMessage, request));
    }
    static std::unique_ptr<EventStream> stream_of(HandledRequest handled) {
        return std::move(std::get<std::unique_ptr<EventStream>>(*handled.reply));
    }
    static void expect_refused(const HandledRequest& handled) {
        ASSERT_FALSE(handled.reply);
        EXPECT_EQ(handled.reply.error().code, ErrorCode::kResourceExhausted);
        ASSERT_NE(handled.reply.error().details, nullptr);
        EXPECT_TRUE(handled.reply.error().details->retry_after);
    }

    OwnerQuota::Limits stored_{.tasks = 3, .bytes = 100'000};
    CallerLimits limits_;
};

TEST_F(CallerLimitsTest, TheStreamsOfOneCallerLeaveRoomForOthers) {
    Dispatcher made = limited();
    const auto open = [&](const char* who) {
        return handle(made, as(who, Operation::kSendStreamingMessage, message_of("hello")));
    };
    auto first = stream_of(open("alice"));
    expect_refused(open("alice"));
    auto of_bob = stream_of(open("bob"));
    EXPECT_FALSE(next(*of_bob).items.empty());
    // Anonymous callers are not told apart.
    auto anonymous = stream_of(open(""));
    auto another = stream_of(open(""));
    first.reset();
    EXPECT_TRUE(stream_of(open("alice"))) << "the slot was not given back";
}

TEST_F(CallerLimitsTest, ASendThatWaitsTakesASlotUntilItIsAnswered) {
    Dispatcher made = limited();
    const auto begin = [&](const char* who) {
        Pending<HandledRequest> pending(
            group_, made.handle(as(who, Operation::kSendMessage, message_of("hello"))));
        loop_.run_ready();
        return pending;
    };
    Pending<HandledRequest> first = begin("alice");
    Pending<HandledRequest> second = begin("alice");
    ASSERT_TRUE(second.done());
    expect_refused(second.value());
    Pending<HandledRequest> of_bob = begin("bob");
    EXPECT_FALSE(of_bob.done());
    EXPECT_TRUE(send_as(made, "alice").reply) << "a send that does not wait needs no slot";
    end(claim(), kCompleted);
    ASSERT_TRUE(first.done());
    EXPECT_TRUE(first.value().reply);
    Pending<HandledRequest> third = begin("alice");
    EXPECT_FALSE(third.done());
    for (int i = 0; i < 3; ++i) end(claim(), kCompleted);
}

TEST_F(CallerLimitsTest, AnOwnerOfTooManyTasksCanBeginAnotherOnceSomeAreErased) {
    Dispatcher made = limited();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(send_as(made, "alice").reply);
    const auto with_tenant = [&] {
        SendMessageRequest request = message_of("hello");
        request.tenant = "another";
        request.configuration.emplace().return_immediately = true;
        return handle(made, as("alice", Operation::kSendMessage, request));
    };
    expect_refused(send_as(made, "alice"));
    expect_refused(with_tenant());
    EXPECT_TRUE(send_as(made, "bob").reply);
    end(claim(), kCompleted);
    loop_.advance(std::chrono::seconds(11));
    expect_refused(send_as(made, "alice"));
    EraseQuery all;
    all.keep_at_most = 0;
    ASSERT_EQ(loop_.await(ports_.maintenance->erase(all)).value().size(), 1U);
    loop_.advance(std::chrono::seconds(11));
    EXPECT_TRUE(send_as(made, "alice").reply);
    expect_refused(send_as(made, "alice"));
}

TEST_F(CallerLimitsTest, TheBytesOfMessagesCountImmediately) {
    Dispatcher made = limited();
    ASSERT_TRUE(send_as(made, "alice", std::string(60'000, 'x')).reply);
    ASSERT_TRUE(send_as(made, "alice", std::string(60'000, 'x')).reply);
    expect_refused(send_as(made, "alice"));
    EXPECT_TRUE(send_as(made, "bob").reply);
}

TEST_F(DispatcherTest, TheGateRefuses) {
    gate_->refuses = true;
    EXPECT_EQ(refusal(Operation::kListTasks, ListTasksRequest{}), ErrorCode::kPermissionDenied);
    gate_->throws = true;
    EXPECT_EQ(refusal(Operation::kListTasks, ListTasksRequest{}), ErrorCode::kInternal);
}

TEST_F(DispatcherTest, NoGateMakesARequestSeeEverything) {
    const std::string id = accept();
    gate_->answer = OwnerScope::everything();
    EXPECT_EQ(refusal(Operation::kGetTask, GetTaskRequest{{}, id, {}}), ErrorCode::kTaskNotFound);
}

}  // namespace
}  // namespace a2akit
