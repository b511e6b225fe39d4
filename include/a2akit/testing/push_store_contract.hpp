#pragma once

#include <a2akit/testing/storage_fixture.hpp>

namespace a2akit::testing {

/// The behaviour of every PushStore. Instantiated like StorageContract, with the same harness.
class PushStoreContract : public StorageFixture {
protected:
    using Next = PushOutcome::Next;

    static NewPushConfig config_of(TaskId task, std::string id = "one") {
        NewPushConfig made;
        made.task = task;
        made.config.id = std::move(id);
        made.config.url = "https://hooks.example/" + made.config.id;
        made.after = 0;
        return made;
    }
    PushConfig put(NewPushConfig config) {
        return must(push_store().put_config(alice_, std::move(config)));
    }
    std::vector<PushDelivery> due_pushes(PushQuery query = {}) {
        return must(push_store().due_deliveries(query));
    }
    /// The only delivery that is due.
    PushDelivery lease() {
        std::vector<PushDelivery> all = due_pushes();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? PushDelivery{} : std::move(all.front());
    }
    static PushOutcome outcome(Next next, Sequence cursor) {
        PushOutcome made;
        made.next = next;
        made.cursor = cursor;
        made.lease = kLease;
        return made;
    }
    void settle(const PushDelivery& delivery, PushOutcome outcome) {
        must(push_store().settle(delivery.config.key, delivery.lease, std::move(outcome)));
    }
    std::optional<ErrorCode> settle_error(const PushDelivery& delivery, PushOutcome outcome) {
        return error_of(
            push_store().settle(delivery.config.key, delivery.lease, std::move(outcome)));
    }
    void give_up(const PushDelivery& delivery) {
        PushOutcome made = outcome(Next::kGiveUp, delivery.cursor);
        made.reason = "nobody answered";
        settle(delivery, std::move(made));
    }
    std::vector<std::string> ids_of(TaskId task) {
        std::vector<std::string> ids;
        for (const PushConfig& config : must(push_store().list_configs(alice_, task)))
            ids.push_back(config.config.id);
        return ids;
    }
    std::vector<PushDeadLetter> dead(std::optional<Uuid> after = {}, int limit = 100) {
        return must(push_store().dead_deliveries(after, limit));
    }
};

TEST_P(PushStoreContract, AStoredConfigurationIsFoundWithItsSecrets) {
    const TaskId task = make_task();
    NewPushConfig config = config_of(task);
    config.config.token = "token";
    config.config.authentication = AuthenticationInfo{"Bearer", "credentials"};
    config.version = ProtocolVersion::k0_3;
    const PushConfig stored = put(config);
    const auto found = must(push_store().find_config(alice_, task, "one"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, stored.key);
    EXPECT_EQ(found->task, task);
    EXPECT_EQ(found->config.id, "one");
    EXPECT_EQ(found->config.url, "https://hooks.example/one");
    EXPECT_EQ(found->config.token, "token");
    ASSERT_TRUE(found->config.authentication);
    EXPECT_EQ(found->config.authentication->scheme, "Bearer");
    EXPECT_EQ(found->config.authentication->credentials, "credentials");
    EXPECT_EQ(found->version, ProtocolVersion::k0_3);
}

TEST_P(PushStoreContract, AConfigurationWithoutAuthenticationIsReadBackWithoutIt) {
    const TaskId task = make_task();
    put(config_of(task));
    EXPECT_FALSE(must(push_store().find_config(alice_, task, "one"))->config.authentication);
}

TEST_P(PushStoreContract, AnUnknownConfigurationIsNotFound) {
    const TaskId task = make_task();
    EXPECT_FALSE(must(push_store().find_config(alice_, task, "one")));
    EXPECT_TRUE(ids_of(task).empty());
}

TEST_P(PushStoreContract, ATaskOfAnotherOwnerIsNotFound) {
    const TaskId task = make_task();
    put(config_of(task));
    EXPECT_EQ(error_of(push_store().put_config(bob_, config_of(task, "two"))),
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(push_store().find_config(bob_, task, "one")), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(push_store().list_configs(bob_, task)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(push_store().remove_config(bob_, task, "one")), ErrorCode::kTaskNotFound);
    EXPECT_EQ(ids_of(task), std::vector<std::string>{"one"});
}

TEST_P(PushStoreContract, ConfigurationsAreListedInTheOrderOfTheirIds) {
    const TaskId task = make_task();
    for (const char* id : {"b", "c", "a"}) put(config_of(task, id));
    EXPECT_EQ(ids_of(task), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_P(PushStoreContract, ATaskHasAtMostSoManyConfigurations) {
    const TaskId task = make_task();
    NewPushConfig config = config_of(task, "a");
    config.at_most = 2;
    put(config);
    config.config.id = "b";
    put(config);
    put(config);  // a replacement does not count
    config.config.id = "c";
    EXPECT_EQ(error_of(push_store().put_config(alice_, config)), ErrorCode::kResourceExhausted);
    must(push_store().remove_config(alice_, task, "a"));
    put(config);
    EXPECT_EQ(ids_of(task), (std::vector<std::string>{"b", "c"}));
}

TEST_P(PushStoreContract, RemovingIsIdempotent) {
    const TaskId task = make_task();
    put(config_of(task));
    must(push_store().remove_config(alice_, task, "one"));
    must(push_store().remove_config(alice_, task, "one"));
    EXPECT_TRUE(ids_of(task).empty());
    EXPECT_TRUE(due_pushes().empty());
}

TEST_P(PushStoreContract, ADeliveryIsDueOnceTheLogGoesFurtherThanTheCursor) {
    const TaskId task = make_task();
    NewPushConfig config = config_of(task);
    config.after.reset();
    const PushConfig stored = put(config);
    EXPECT_TRUE(due_pushes().empty());
    claim(task);
    const PushDelivery delivery = lease();
    EXPECT_EQ(delivery.config.key, stored.key);
    EXPECT_EQ(delivery.config.config.url, "https://hooks.example/one");
    EXPECT_EQ(delivery.config.task, task);
    EXPECT_EQ(delivery.context_id, "context");
    EXPECT_EQ(delivery.cursor, 1U);
    EXPECT_EQ(delivery.attempts, 0);
}

TEST_P(PushStoreContract, ANamedEventIsWhereDeliveriesBegin) {
    const TaskId task = make_task();
    claim(task);
    NewPushConfig config = config_of(task);
    config.after = 1;
    put(config);
    EXPECT_EQ(lease().cursor, 1U);
}

TEST_P(PushStoreContract, ALeasedDeliveryIsNotDueUntilTheLeaseIsOver) {
    put(config_of(make_task()));
    PushQuery query;
    query.lease = kLease;
    const std::vector<PushDelivery> first = due_pushes(query);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_TRUE(due_pushes(query).empty());
    advance(kLease);
    const std::vector<PushDelivery> second = due_pushes(query);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_GT(second.front().lease, first.front().lease);
    EXPECT_EQ(settle_error(first.front(), outcome(Next::kPause, 1)), ErrorCode::kLeaseLost);
    settle(second.front(), outcome(Next::kPause, 1));
}

TEST_P(PushStoreContract, CallersAtTheSameTimeLeaseADeliveryOnce) {
    put(config_of(make_task()));
    std::vector<AsyncResult<std::vector<PushDelivery>>> calls;
    for (int i = 0; i < 4; ++i) calls.push_back(push_store().due_deliveries({}));
    std::size_t leased = 0;
    for (const auto& got : at_once(std::move(calls))) {
        ASSERT_TRUE(ok(got));
        leased += got->size();
    }
    EXPECT_EQ(leased, 1U);
}

TEST_P(PushStoreContract, APausedDeliveryIsDueAgainWithTheNextEvent) {
    const TaskId task = make_task();
    put(config_of(task));
    settle(lease(), outcome(Next::kPause, 1));
    EXPECT_TRUE(due_pushes().empty());
    claim(task);
    EXPECT_EQ(lease().cursor, 1U);
}

TEST_P(PushStoreContract, EventsThatCameMeanwhileAreDueAfterAPause) {
    const TaskId task = make_task();
    put(config_of(task));
    const PushDelivery delivery = lease();
    claim(task);
    settle(delivery, outcome(Next::kPause, 1));
    EXPECT_EQ(lease().cursor, 1U);
}

TEST_P(PushStoreContract, AContinuedDeliveryKeepsAndExtendsItsLease) {
    const TaskId task = make_task();
    claim(task);
    put(config_of(task));
    PushQuery query;
    query.lease = kLease;
    const PushDelivery delivery = due_pushes(query).at(0);
    advance(kLease - Duration(1));
    settle(delivery, outcome(Next::kContinue, 1));
    advance(kLease - Duration(1));
    EXPECT_TRUE(due_pushes().empty());
    advance(Duration(1));
    EXPECT_EQ(lease().cursor, 1U);
}

TEST_P(PushStoreContract, TheCursorNeverMovesBackwards) {
    const TaskId task = make_task();
    claim(task);
    put(config_of(task));
    const PushDelivery delivery = lease();
    settle(delivery, outcome(Next::kContinue, 1));
    settle(delivery, outcome(Next::kPause, 0));
    EXPECT_EQ(lease().cursor, 1U);
}

TEST_P(PushStoreContract, AFailedAttemptIsDueAgainAfterItsDelay) {
    put(config_of(make_task()));
    PushOutcome retry = outcome(Next::kRetry, 0);
    retry.delay = std::chrono::seconds(5);
    settle(lease(), retry);
    advance(std::chrono::seconds(5) - Duration(1));
    EXPECT_TRUE(due_pushes().empty());
    advance(Duration(1));
    const PushDelivery again = lease();
    EXPECT_EQ(again.attempts, 1);
    settle(again, retry);
    advance(std::chrono::seconds(5));
    EXPECT_EQ(lease().attempts, 2);
}

TEST_P(PushStoreContract, ADeliveredEventForgetsFailedAttempts) {
    const TaskId task = make_task();
    claim(task);
    put(config_of(task));
    settle(lease(), outcome(Next::kRetry, 0));
    PushDelivery delivery = lease();
    EXPECT_EQ(delivery.attempts, 1);
    settle(delivery, outcome(Next::kContinue, 1));
    settle(delivery, outcome(Next::kRetry, 1));
    EXPECT_EQ(lease().attempts, 1);
}

TEST_P(PushStoreContract, ALeaseThatWasGivenBackIsLost) {
    put(config_of(make_task()));
    const PushDelivery delivery = lease();
    settle(delivery, outcome(Next::kPause, 0));
    EXPECT_EQ(settle_error(delivery, outcome(Next::kPause, 1)), ErrorCode::kLeaseLost);
}

TEST_P(PushStoreContract, ARemovedConfigurationLosesItsLease) {
    const TaskId task = make_task();
    put(config_of(task));
    const PushDelivery delivery = lease();
    must(push_store().remove_config(alice_, task, "one"));
    EXPECT_EQ(settle_error(delivery, outcome(Next::kContinue, 1)), ErrorCode::kLeaseLost);
}

TEST_P(PushStoreContract, AReplacedConfigurationKeepsItsKeyAndCursor) {
    const TaskId task = make_task();
    claim(task);
    const PushConfig first = put(config_of(task));
    settle(lease(), outcome(Next::kRetry, 1));
    NewPushConfig other = config_of(task);
    other.config.url = "https://hooks.example/elsewhere";
    EXPECT_EQ(put(other).key, first.key);
    const PushDelivery delivery = lease();
    EXPECT_EQ(delivery.config.config.url, "https://hooks.example/elsewhere");
    EXPECT_EQ(delivery.cursor, 1U);
    EXPECT_EQ(delivery.attempts, 0);
}

TEST_P(PushStoreContract, AReplacementTakesTheLeaseOfADeliveryToTheFormerAddress) {
    const TaskId task = make_task();
    put(config_of(task));
    const PushDelivery delivery = lease();
    put(config_of(task));
    EXPECT_EQ(settle_error(delivery, outcome(Next::kPause, 1)), ErrorCode::kLeaseLost);
    EXPECT_EQ(lease().cursor, 0U);
}

TEST_P(PushStoreContract, ManyDeliveriesAreHandedOutUpToTheLimitTheLongestDueFirst) {
    const TaskId task = make_task();
    for (const char* id : {"c", "a", "b"}) {
        put(config_of(task, id));
        advance(Duration(1));
    }
    PushQuery query;
    query.limit = 2;
    const std::vector<PushDelivery> first = due_pushes(query);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].config.config.id, "c");
    EXPECT_EQ(first[1].config.config.id, "a");
    EXPECT_EQ(lease().config.config.id, "b");
}

TEST_P(PushStoreContract, DeliveriesThatFailedBeforeHaveALimitOfTheirOwn) {
    const TaskId task = make_task();
    put(config_of(task, "a"));
    put(config_of(task, "b"));
    for (const PushDelivery& delivery : due_pushes()) settle(delivery, outcome(Next::kRetry, 0));
    put(config_of(task, "c"));
    PushQuery query;
    query.retries = 1;
    const std::vector<PushDelivery> some = due_pushes(query);
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].attempts + some[1].attempts, 1);
    query.retries = 0;
    EXPECT_TRUE(due_pushes(query).empty());
    EXPECT_EQ(lease().attempts, 1);
}

TEST_P(PushStoreContract, DeliveriesOfOneTaskCanBeAskedFor) {
    const TaskId task = make_task();
    const TaskId other = make_task();
    put(config_of(task));
    put(config_of(other));
    PushQuery query;
    query.task = other;
    const std::vector<PushDelivery> some = due_pushes(query);
    ASSERT_EQ(some.size(), 1U);
    EXPECT_EQ(some[0].config.task, other);
    query.task = TaskId::generate();
    EXPECT_TRUE(due_pushes(query).empty());
}

TEST_P(PushStoreContract, AHiddenTaskIsDeliveredOnceItIsRevealed) {
    const TaskId task = make_unrevealed_task();
    must(push_store().put_config(all_, config_of(task)));
    EXPECT_TRUE(due_pushes().empty());
    TaskUpdate reveal = blank();
    reveal.reveal = true;
    append(task, std::move(reveal));
    EXPECT_EQ(lease().config.task, task);
}

TEST_P(PushStoreContract, AConfigurationOfAnEndedTaskGetsWhatItAsksFor) {
    const TaskId task = make_ended_task();
    NewPushConfig later = config_of(task, "later");
    later.after.reset();
    put(later);
    EXPECT_TRUE(due_pushes().empty());
    put(config_of(task, "all"));
    EXPECT_EQ(lease().config.config.id, "all");
}

TEST_P(PushStoreContract, TheTaskAsItStandsIsDueFirst) {
    const TaskId task = make_ended_task();
    NewPushConfig config = config_of(task);
    config.after.reset();
    config.task_first = true;
    put(config);
    const PushDelivery delivery = lease();
    EXPECT_TRUE(delivery.task_first);
    settle(delivery, outcome(Next::kRetry, 0));
    const PushDelivery again = lease();
    EXPECT_TRUE(again.task_first);
    settle(again, outcome(Next::kPause, 0));
    const PushDelivery third = lease();
    EXPECT_TRUE(third.task_first) << "it was given back without having been used";
    settle(third, outcome(Next::kContinue, load(task).last_sequence));
    settle(third, outcome(Next::kPause, load(task).last_sequence));
    EXPECT_TRUE(due_pushes().empty());
}

TEST_P(PushStoreContract, DeliveriesThatAreGivenUpBecomeADeadLetter) {
    const TaskId task = make_task();
    claim(task);
    const PushConfig config = put(config_of(task));
    settle(lease(), outcome(Next::kRetry, 1));
    const Timestamp at = now();
    give_up(lease());
    EXPECT_TRUE(due_pushes().empty());
    const std::vector<PushDeadLetter> letters = dead();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].key, config.key);
    EXPECT_EQ(letters[0].task, task);
    EXPECT_EQ(letters[0].owner, alice_);
    EXPECT_EQ(letters[0].config_id, "one");
    EXPECT_EQ(letters[0].cursor, 1U);
    EXPECT_EQ(letters[0].attempts, 2);
    EXPECT_EQ(letters[0].reason, "nobody answered");
    EXPECT_EQ(letters[0].at, at);
}

TEST_P(PushStoreContract, DeadLettersAreListedInPages) {
    const TaskId task = make_task();
    for (const char* id : {"a", "b", "c"}) put(config_of(task, id));
    for (const PushDelivery& delivery : due_pushes()) give_up(delivery);
    const std::vector<PushDeadLetter> first = dead({}, 2);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_LT(first[0].key, first[1].key);
    const std::vector<PushDeadLetter> second = dead(first[1].key, 2);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_LT(first[1].key, second[0].key);
}

TEST_P(PushStoreContract, ARedrivenDeadLetterIsDueFromItsCursorOn) {
    const TaskId task = make_task();
    claim(task);
    const PushConfig config = put(config_of(task));
    settle(lease(), outcome(Next::kRetry, 1));
    give_up(lease());
    must(push_store().redrive_delivery(config.key));
    EXPECT_TRUE(dead().empty());
    const PushDelivery delivery = lease();
    EXPECT_EQ(delivery.cursor, 1U);
    EXPECT_EQ(delivery.attempts, 0);
}

TEST_P(PushStoreContract, OnlyADeadLetterIsRedriven) {
    const PushConfig config = put(config_of(make_task()));
    EXPECT_EQ(error_of(push_store().redrive_delivery(config.key)), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_of(push_store().redrive_delivery(Uuid::generate())), ErrorCode::kTaskNotFound);
}

TEST_P(PushStoreContract, ADisabledConfigurationIsNeverDueAgain) {
    const TaskId task = make_task();
    put(config_of(task));
    settle(lease(), outcome(Next::kDisable, 0));
    claim(task);
    EXPECT_TRUE(due_pushes().empty());
    EXPECT_TRUE(dead().empty());
    EXPECT_EQ(ids_of(task), std::vector<std::string>{"one"});
    put(config_of(task));
    EXPECT_EQ(lease().cursor, 0U);
}

TEST_P(PushStoreContract, CompactionKeepsALogThatADeliveryStillNeeds) {
    const TaskId task = make_ended_task();
    put(config_of(task));
    advance(Duration(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 0);
    EXPECT_FALSE(events(task).empty());
    settle(lease(), outcome(Next::kPause, load(task).last_sequence));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 1);
}

TEST_P(PushStoreContract, CompactionDoesNotWaitForWhatIsGivenUpOrDisabled) {
    const TaskId one = make_ended_task();
    const TaskId other = make_ended_task();
    put(config_of(one));
    give_up(lease());
    put(config_of(other));
    settle(lease(), outcome(Next::kDisable, 0));
    advance(Duration(1));
    EXPECT_EQ(must(maintenance().compact(now(), 100)), 2);
}

TEST_P(PushStoreContract, ConfigurationsAreErasedWithTheirTask) {
    const TaskId task = make_ended_task();
    const PushConfig config = put(config_of(task));
    const PushDelivery delivery = lease();
    put(config_of(task, "two"));
    give_up(lease());
    EraseQuery query;
    query.keep_at_most = 0;
    must(maintenance().erase(query));
    EXPECT_EQ(settle_error(delivery, outcome(Next::kPause, 1)), ErrorCode::kLeaseLost);
    EXPECT_TRUE(due_pushes().empty());
    EXPECT_TRUE(dead().empty());
    EXPECT_EQ(error_of(push_store().find_config(alice_, task, "one")), ErrorCode::kTaskNotFound);
}

}  // namespace a2akit::testing
