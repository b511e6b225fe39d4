#include "runtime/runs/context_vault.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace a2akit {
namespace {

const std::string kHexKey(64, 'a');
const std::string kOtherKey(64, 'b');

RequestContext secret_context() {
    RequestContext context;
    context.headers = {{"authorization", "Bearer hush"}, {"x-empty", ""}};
    context.values = {{"api-key", "very secret"}};
    context.remote_address = "10.0.0.1";
    context.request_id = "r1";
    return context;
}

ContextCipher cipher(const std::string& keys) {
    return ContextCipher::from_text(keys).value_or_throw();
}

TEST(ContextCipher, ASealedContextOpensUnchanged) {
    const TaskId task = TaskId::generate();
    const ContextCipher keys = cipher(kHexKey);
    const auto opened = keys.open(keys.seal(secret_context(), task, 3).value(), task, 3);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->headers, secret_context().headers);
    EXPECT_EQ(opened->values, secret_context().values);
    EXPECT_EQ(opened->remote_address, "10.0.0.1");
    EXPECT_EQ(opened->request_id, "r1");
}

TEST(ContextCipher, TheSenderIsSealedWithItAndMayBeAbsent) {
    const TaskId task = TaskId::generate();
    const ContextCipher keys = cipher(kHexKey);
    // As every version before wrote it.
    const auto former = keys.open(keys.seal(secret_context(), task, 3).value(), task, 3);
    ASSERT_TRUE(former);
    EXPECT_FALSE(former->sender);
    for (const std::vector<std::string>& scopes : {std::vector<std::string>{}, {"read", "write"}}) {
        RequestContext context = secret_context();
        context.sender = Principal{"ann", scopes};
        const auto opened = keys.open(keys.seal(context, task, 3).value(), task, 3);
        ASSERT_TRUE(opened);
        ASSERT_TRUE(opened->sender);
        EXPECT_EQ(opened->sender->name, "ann");
        EXPECT_EQ(opened->sender->scopes, scopes);
        EXPECT_EQ(opened->request_id, "r1");
    }
    RequestContext anonymous = secret_context();
    anonymous.sender.emplace();
    EXPECT_TRUE(keys.open(keys.seal(anonymous, task, 3).value(), task, 3)->sender);
}

TEST(ContextCipher, NothingOfItCanBeReadAndNoTwoSealsAreAlike) {
    const TaskId task = TaskId::generate();
    const ContextCipher keys = cipher(kHexKey);
    const std::string sealed = keys.seal(secret_context(), task, 1).value().bytes;
    for (const char* word : {"hush", "very secret", "authorization", "10.0.0.1"}) {
        EXPECT_EQ(sealed.find(word), std::string::npos) << word;
    }
    EXPECT_NE(sealed, keys.seal(secret_context(), task, 1).value().bytes);
}

TEST(ContextCipher, OpensForItsOwnTaskAndTurnOnly) {
    const TaskId task = TaskId::generate();
    const ContextCipher keys = cipher(kHexKey);
    const SealedContext sealed = keys.seal(secret_context(), task, 1).value();
    EXPECT_FALSE(keys.open(sealed, task, 2));
    EXPECT_FALSE(keys.open(sealed, TaskId::generate(), 1));
    EXPECT_FALSE(cipher(kOtherKey).open(sealed, task, 1));
}

TEST(ContextCipher, ChangedBytesDoNotOpen) {
    const TaskId task = TaskId::generate();
    const ContextCipher keys = cipher(kHexKey);
    const SealedContext sealed = keys.seal(secret_context(), task, 1).value();
    for (std::size_t i = 0; i < sealed.bytes.size(); ++i) {
        SealedContext changed = sealed;
        changed.bytes[i] = static_cast<char>(changed.bytes[i] ^ 1);
        EXPECT_FALSE(keys.open(changed, task, 1)) << i;
        EXPECT_FALSE(keys.open(SealedContext{sealed.bytes.substr(0, i)}, task, 1)) << i;
    }
}

TEST(ContextCipher, AfterAChangeOfKeysTheFormerOneStillOpens) {
    const TaskId task = TaskId::generate();
    const SealedContext former = cipher(kHexKey).seal(secret_context(), task, 1).value();
    const ContextCipher both = cipher(kOtherKey + ',' + kHexKey);
    EXPECT_TRUE(both.open(former, task, 1));
    EXPECT_TRUE(cipher(kOtherKey).open(both.seal(secret_context(), task, 1).value(), task, 1));
}

TEST(ContextCipher, TakesAKeyAsHexOrBase64AndNeverRepeatsAWrongOne) {
    EXPECT_TRUE(ContextCipher::from_text("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
    EXPECT_TRUE(ContextCipher::from_text("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"));
    for (const char* wrong : {"", "secret!", "abcd", "MDEyMzQ1Njc4OWFiY2RlZg=="}) {
        const auto refused = ContextCipher::from_text(wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
        EXPECT_EQ(refused.error().message.find("secret!"), std::string::npos);
        EXPECT_NE(refused.error().message.find("A2AKIT_CONTEXT_KEY"), std::string::npos);
    }
    EXPECT_NE(ContextCipher::from_text(kHexKey + ",short").error().message.find("key 2"),
              std::string::npos);
}

class ContextVaultTest : public ::testing::Test {
protected:
    TurnInput pack(ContextVault& vault, Turn turn = 1) {
        TurnInput input;
        auto context = std::make_shared<const RequestContext>(secret_context());
        auto offer = vault.pack(input, task, turn, std::move(context));
        EXPECT_TRUE(offer);
        offer->made();
        return input;
    }
    ContextVault::Offer offer(ContextVault& vault, Turn turn, std::string request_id) {
        TurnInput input;
        RequestContext context;
        context.request_id = std::move(request_id);
        return vault
            .pack(input, task, turn, std::make_shared<const RequestContext>(std::move(context)))
            .value_or_throw();
    }
    /// The request whose context the turn's handler gets; "-" for none, "?" when that is not
    /// decided.
    std::string given(ContextVault& vault, Turn turn) {
        TurnInput input;
        if (!vault.unpack(input, task, turn)) return "?";
        return input.context ? input.context->request_id : "-";
    }
    Tail tail(Turn turn, bool turn_ended, bool exists = true) const {
        return {task, 1, turn, turn_ended, exists};
    }

    const TaskId task = TaskId::generate();
};

TEST_F(ContextVaultTest, WithinTheProcessTheContextGoesAsItIs) {
    ContextVault vault(true, std::nullopt);
    TurnInput input = pack(vault);
    ASSERT_TRUE(input.context);
    EXPECT_FALSE(input.sealed_context);
    (void)vault.unpack(input, task, 1);
    EXPECT_EQ(input.context->request_id, "r1");
}

TEST_F(ContextVaultTest, WithinTheProcessAKeyBringsItOverARestart) {
    ContextVault before(true, cipher(kHexKey));
    TurnInput input = pack(before);
    EXPECT_TRUE(input.context);
    ASSERT_TRUE(input.sealed_context);
    input.context = nullptr;  // what a file gives back
    (void)ContextVault(true, std::nullopt).unpack(input, task, 1);
    EXPECT_FALSE(input.context);
    (void)ContextVault(true, cipher(kHexKey)).unpack(input, task, 1);
    ASSERT_TRUE(input.context);
    EXPECT_EQ(input.context->request_id, "r1");
}

TEST_F(ContextVaultTest, WithAKeyItIsSealedAndOpensOnAnotherNode) {
    ContextVault here(false, cipher(kHexKey));
    ContextVault there(false, cipher(kHexKey));
    TurnInput input = pack(here);
    EXPECT_FALSE(input.context);
    ASSERT_TRUE(input.sealed_context);
    (void)there.unpack(input, task, 1);
    ASSERT_TRUE(input.context);
    EXPECT_EQ(input.context->values, secret_context().values);
}

TEST_F(ContextVaultTest, WithAnotherKeyTheHandlerDoesWithout) {
    ContextVault here(false, cipher(kHexKey));
    ContextVault there(false, cipher(kOtherKey));
    ContextVault keyless(false, std::nullopt);
    TurnInput input = pack(here);
    (void)there.unpack(input, task, 1);
    EXPECT_FALSE(input.context);
    (void)keyless.unpack(input, task, 1);
    EXPECT_FALSE(input.context);
}

TEST_F(ContextVaultTest, WithoutAKeyItStaysOnItsNodeUntilTheTurnHasEnded) {
    ContextVault here(false, std::nullopt);
    ContextVault there(false, std::nullopt);
    TurnInput input = pack(here);
    EXPECT_FALSE(input.context);
    EXPECT_FALSE(input.sealed_context);
    (void)there.unpack(input, task, 1);
    EXPECT_FALSE(input.context);
    (void)here.unpack(input, task, 1);
    EXPECT_TRUE(input.context);
    TurnInput again;
    (void)here.unpack(again, task, 1);
    EXPECT_TRUE(again.context) << "a second run of the turn has it too";
    here.forget(task, 1);
    (void)here.unpack(input, task, 1);
    EXPECT_FALSE(input.context);
}

TEST_F(ContextVaultTest, AnEarlierTurnThatEndsLeavesTheNextOnesContext) {
    ContextVault vault(false, std::nullopt);
    (void)pack(vault, 1);
    TurnInput second = pack(vault, 2);
    vault.forget(task, 1);
    (void)vault.unpack(second, task, 1);
    EXPECT_FALSE(second.context);
    (void)vault.unpack(second, task, 2);
    EXPECT_TRUE(second.context);
}

TEST_F(ContextVaultTest, KeepsABoundedNumberTheNewestOnes) {
    ContextVault vault(false, std::nullopt);
    const TaskId first = TaskId::generate();
    const auto context = std::make_shared<const RequestContext>(secret_context());
    TurnInput input;
    const auto keep = [&](TaskId of) {
        auto offer = vault.pack(input, of, 1, context);
        ASSERT_TRUE(offer);
        offer->made();
    };
    keep(first);
    for (int i = 0; i < 200'000; ++i) keep(TaskId::generate());
    EXPECT_LT(context.use_count(), 100'000);
    EXPECT_GT(context.use_count(), 1000);
    EXPECT_TRUE(vault.unpack(input, first, 1));
    EXPECT_FALSE(input.context);
}

// -- Several requests, one turn

TEST_F(ContextVaultTest, OfRequestsThatRaceForATurnOnlyTheOneThatMadeItGivesItsContext) {
    ContextVault vault(false, std::nullopt);
    std::optional<ContextVault::Offer> refused(offer(vault, 2, "refused"));
    ContextVault::Offer winner = offer(vault, 2, "winner");
    std::optional<ContextVault::Offer> later(offer(vault, 2, "refused later"));
    EXPECT_EQ(given(vault, 2), "?");
    winner.made();
    EXPECT_EQ(given(vault, 2), "winner");
    refused.reset();
    later.reset();
    EXPECT_EQ(given(vault, 2), "winner");
    EXPECT_EQ(vault.tasks().size(), 1U) << "the refused ones are gone";
    vault.forget(task, 2);
    EXPECT_TRUE(vault.tasks().empty());
}

TEST_F(ContextVaultTest, ATurnThatAnotherNodeMadeGetsNothingFromTheRequestsRefusedHere) {
    ContextVault vault(false, std::nullopt);
    std::optional<ContextVault::Offer> refused(offer(vault, 2, "refused"));
    EXPECT_EQ(given(vault, 2), "?");
    refused.reset();
    EXPECT_EQ(given(vault, 2), "-");
}

TEST_F(ContextVaultTest, AFirstTurnIsNobodyElses) {
    ContextVault vault(false, std::nullopt);
    ContextVault::Offer first = offer(vault, 1, "first");
    EXPECT_EQ(given(vault, 1), "first")
        << "its handler may begin before the request hears that the task was made";
    first.made();
}

TEST_F(ContextVaultTest, AnIdempotentRepeatLeavesTheContextOfTheFirst) {
    ContextVault vault(false, std::nullopt);
    ContextVault::Offer first = offer(vault, 2, "first");
    ContextVault::Offer repeat = offer(vault, 2, "repeat");
    first.made();
    repeat.made();
    EXPECT_EQ(given(vault, 2), "first");
    EXPECT_EQ(vault.tasks().size(), 1U);
}

Async<void> wait_for(ContextVault& vault, TaskId task, std::string& got) {
    const auto context =
        co_await vault.wait_for(task, 2, Loop::current()->now() + std::chrono::seconds(5));
    got = context ? context->request_id : "-";
}

TEST_F(ContextVaultTest, ARunThatComesBeforeTheDecisionWaitsForIt) {
    testing::ManualLoop loop;
    TaskGroup group;
    ContextVault vault(false, std::nullopt);
    std::string got;
    std::optional<ContextVault::Offer> refused(offer(vault, 2, "refused"));
    ContextVault::Offer winner = offer(vault, 2, "winner");
    group.spawn(wait_for(vault, task, got));
    refused.reset();
    loop.run_ready();
    EXPECT_EQ(got, "");
    winner.made();
    loop.run_ready();
    EXPECT_EQ(got, "winner");

    got.clear();
    vault.forget(task, 2);
    ContextVault::Offer never = offer(vault, 2, "never decided");
    group.spawn(wait_for(vault, task, got));
    loop.advance(std::chrono::seconds(6));
    EXPECT_EQ(got, "-");
}

TEST_F(ContextVaultTest, ContextsOfTurnsEndedByAnotherNodeAreDroppedByTheTails) {
    ContextVault vault(false, std::nullopt);
    (void)pack(vault, 1);
    vault.forget_ended(tail(1, false));
    EXPECT_EQ(given(vault, 1), "r1");
    ContextVault::Offer next = offer(vault, 2, "next");
    vault.forget_ended(tail(1, true));
    EXPECT_EQ(given(vault, 1), "-");
    EXPECT_EQ(given(vault, 2), "?") << "the next turn is about to be made";
    next.made();
    vault.forget_ended(tail(2, false));
    EXPECT_EQ(given(vault, 2), "next");
    vault.forget_ended(tail(3, false));
    EXPECT_TRUE(vault.tasks().empty());
}

TEST_F(ContextVaultTest, AnErasedTasksContextGoesButNotThatOfOneThatIsBeingMade) {
    ContextVault vault(false, std::nullopt);
    (void)pack(vault, 1);
    vault.forget_ended(tail(0, false, false));
    EXPECT_EQ(vault.tasks().size(), 1U);
    vault.forget_ended(tail(0, false, false));
    EXPECT_TRUE(vault.tasks().empty());
}

}  // namespace
}  // namespace a2akit
