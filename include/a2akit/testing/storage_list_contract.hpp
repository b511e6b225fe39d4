#pragma once

#include <a2akit/testing/storage_fixture.hpp>

#include <algorithm>
#include <set>

// StorageListContract: listings, alone and while tasks change.

namespace a2akit::testing {

/// All pages of one listing, one after the other.
class Listing {
public:
    std::vector<TaskId> ids;
    std::vector<Timestamp> times;
    std::int64_t total = 0;

    void add(const ListPage& page) {
        for (const TaskSnapshot& task : page.tasks) {
            ids.push_back(task.id);
            times.push_back(*task.status.timestamp);
        }
        total = page.total;
    }
    [[nodiscard]] bool has(TaskId task) const {
        return std::count(ids.begin(), ids.end(), task) != 0;
    }
    [[nodiscard]] bool has_duplicates() const {
        return std::set<TaskId>(ids.begin(), ids.end()).size() != ids.size();
    }
};

class StorageListContract : public StorageFixture {
protected:
    ListPage page(ListQuery query) { return must(storage().list(alice_, std::move(query))); }

    Listing all_pages(ListQuery query) {
        Listing listing;
        for (int pages = 0; pages < 100; ++pages) {
            const ListPage one = page(query);
            listing.add(one);
            if (one.next_page_token.empty()) return listing;
            EXPECT_EQ(one.tasks.size(), static_cast<std::size_t>(query.page_size));
            query.page_token = one.next_page_token;
        }
        ADD_FAILURE() << "the listing has no end";
        return listing;
    }
    static ListQuery pages_of(int size) {
        ListQuery query;
        query.page_size = size;
        return query;
    }
    void make_tasks(int count, Duration apart = Duration(1)) {
        for (int i = 0; i < count; ++i) {
            make_task();
            advance(apart);
        }
    }
};

TEST_P(StorageListContract, AnEmptyStoreHasAnEmptyListing) {
    const ListPage empty = page({});
    EXPECT_TRUE(empty.tasks.empty());
    EXPECT_EQ(empty.total, 0);
    EXPECT_TRUE(empty.next_page_token.empty());
}

TEST_P(StorageListContract, TheNewestStatusComesFirst) {
    const TaskId one = make_task();
    advance(Duration(1));
    const TaskId two = make_task();
    advance(Duration(1));
    const TaskId three = make_task();
    advance(Duration(1));
    append(one, with_status(TaskState::kWorking));
    EXPECT_EQ(all_pages({}).ids, (std::vector{one, three, two}));
}

TEST_P(StorageListContract, OfTasksOfTheSameMomentTheNewestIdComesFirst) {
    make_tasks(7, Duration(0));
    ListQuery of_context = pages_of(3);
    of_context.context_id = "context";
    ListQuery of_state = pages_of(3);
    of_state.state = TaskState::kSubmitted;
    for (const ListQuery& query : {pages_of(3), of_context, of_state}) {
        const auto ids = all_pages(query).ids;
        EXPECT_EQ(ids.size(), 7U);
        EXPECT_TRUE(std::is_sorted(ids.rbegin(), ids.rend()));
    }
}

TEST_P(StorageListContract, PagesOfOneContextHoldItsTasksOfEveryStateInOrder) {
    const std::vector states{TaskState::kCompleted, TaskState::kFailed, TaskState::kRejected};
    for (int i = 0; i < 9; ++i) {
        make_ended_task(states[static_cast<std::size_t>(i) % states.size()], "talk");
        make_task("talk");
        make_task("other");
        if (i % 3 == 0) advance(Duration(1));
    }
    must(storage().create(fresh_task("talk", false), alice_, with_turn("hello")));
    ListQuery query = pages_of(4);
    query.context_id = "talk";
    Listing listing = all_pages(query);
    EXPECT_EQ(listing.ids.size(), 18U);
    EXPECT_EQ(listing.total, 18);
    EXPECT_FALSE(listing.has_duplicates());
    EXPECT_TRUE(std::is_sorted(listing.times.rbegin(), listing.times.rend()));
    query.state = TaskState::kFailed;
    query.page_size = 2;
    listing = all_pages(query);
    EXPECT_EQ(listing.ids.size(), 3U);
    EXPECT_EQ(listing.total, 3);
    EraseQuery ended;
    ended.keep_at_most = 0;
    must(maintenance().erase(ended));
    query.state = TaskState::kUnspecified;
    EXPECT_EQ(all_pages(query).ids.size(), 9U);
}

TEST_P(StorageListContract, TheRuntimeListsAContextOfEveryOwner) {
    const TaskId mine = make_task("talk");
    const TaskId bobs = make_task_of(bob_, "talk");
    ListQuery query;
    query.context_id = "talk";
    const ListPage all = must(storage().list(all_, query));
    EXPECT_EQ(all.total, 2);
    ASSERT_EQ(all.tasks.size(), 2U);
    EXPECT_EQ(all.tasks[0].id, std::max(mine, bobs));
    EXPECT_EQ(all.tasks[1].id, std::min(mine, bobs));
}

TEST_P(StorageListContract, PagesTogetherHoldEveryTaskOnce) {
    make_tasks(23);
    make_tasks(5, Duration(0));
    for (const int size : {1, 4, 7, 28, 100}) {
        const Listing listing = all_pages(pages_of(size));
        EXPECT_EQ(listing.ids.size(), 28U) << "pages of " << size;
        EXPECT_EQ(listing.total, 28);
        EXPECT_FALSE(listing.has_duplicates());
        EXPECT_TRUE(std::is_sorted(listing.times.rbegin(), listing.times.rend()));
    }
}

TEST_P(StorageListContract, APageThatEndsTheListingHasNoToken) {
    make_tasks(4);
    const ListPage first = page(pages_of(2));
    EXPECT_FALSE(first.next_page_token.empty());
    ListQuery next = pages_of(2);
    next.page_token = first.next_page_token;
    EXPECT_TRUE(page(next).next_page_token.empty());
    EXPECT_TRUE(page(pages_of(4)).next_page_token.empty());
}

TEST_P(StorageListContract, FiltersByState) {
    const TaskId done = make_ended_task();
    const TaskId failed = make_ended_task(TaskState::kFailed);
    const TaskId paused = make_paused_task();
    const TaskId submitted = make_task();
    const std::vector<std::pair<TaskState, TaskId>> expected = {{TaskState::kCompleted, done},
                                                                {TaskState::kFailed, failed},
                                                                {TaskState::kInputRequired, paused},
                                                                {TaskState::kSubmitted, submitted}};
    for (const auto& [state, task] : expected) {
        ListQuery query;
        query.state = state;
        const Listing listing = all_pages(query);
        EXPECT_EQ(listing.ids, std::vector{task});
        EXPECT_EQ(listing.total, 1);
    }
    ListQuery none;
    none.state = TaskState::kCanceled;
    EXPECT_EQ(page(none).total, 0);
    EXPECT_EQ(page({}).total, 4);
}

TEST_P(StorageListContract, FiltersByContextAndCountsIt) {
    const TaskId one = make_task("talk");
    const TaskId two = make_ended_task(TaskState::kCompleted, "talk");
    make_task("other");
    ListQuery query = pages_of(1);
    query.context_id = "talk";
    Listing listing = all_pages(query);
    EXPECT_EQ(listing.ids.size(), 2U);
    EXPECT_EQ(listing.total, 2);
    EXPECT_TRUE(listing.has(one));
    query.state = TaskState::kCompleted;
    listing = all_pages(query);
    EXPECT_EQ(listing.ids, std::vector{two});
    EXPECT_EQ(listing.total, 1);
    query.context_id = "unknown";
    EXPECT_EQ(page(query).total, 0);
}

TEST_P(StorageListContract, TheOnlyTaskOfAContextIsListedThereUnderTheStateItHas) {
    ListQuery query;
    query.context_id = "alone";
    const auto listed_as = [&](TaskState state) {
        query.state = state;
        return all_pages(query).ids;
    };
    const TaskId task = make_task("alone");
    const Run run = claim(task);
    EXPECT_EQ(listed_as(TaskState::kWorking), std::vector{task});
    EXPECT_TRUE(listed_as(TaskState::kSubmitted).empty());
    advance(Duration(2));
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(listed_as(TaskState::kInputRequired), std::vector{task});
    EXPECT_TRUE(listed_as(TaskState::kWorking).empty());
    advance(Duration(2));
    const TaskId second = make_task("alone");
    EXPECT_EQ(listed_as(TaskState::kUnspecified), (std::vector{second, task}));
    advance(Duration(2));
    append(task, with_turn("more"));
    EXPECT_EQ(listed_as(TaskState::kUnspecified), (std::vector{task, second}));
    EXPECT_EQ(listed_as(TaskState::kSubmitted), (std::vector{task, second}));
}

TEST_P(StorageListContract, TheSameContextOfAnotherOwnerIsAnotherContext) {
    make_task_of(bob_, "talk");
    const TaskId mine = make_task("talk");
    ListQuery query;
    query.context_id = "talk";
    EXPECT_EQ(all_pages(query).ids, std::vector{mine});
    EXPECT_EQ(page(query).total, 1);
}

TEST_P(StorageListContract, FiltersByTimeStrictlyLater) {
    make_task();
    const Timestamp limit = now();
    advance(Duration(1));
    const TaskId later = make_task();
    ListQuery query;
    query.status_after = limit;
    EXPECT_EQ(all_pages(query).ids, std::vector{later});
    EXPECT_EQ(page(query).total, 1);
    query.context_id = "context";
    EXPECT_EQ(all_pages(query).ids, std::vector{later});
    EXPECT_EQ(page(query).total, 1);
}

TEST_P(StorageListContract, CarriesHistoryAndArtifactsAsAsked) {
    const TaskId task = make_ended_task();
    TaskSnapshot plain = page({}).tasks.at(0);
    EXPECT_EQ(plain.id, task);
    EXPECT_EQ(plain.history.size(), 1U);
    EXPECT_TRUE(plain.artifacts.empty());
    ListQuery query;
    query.history_length = 0;
    query.include_artifacts = true;
    const TaskSnapshot rich = page(query).tasks.at(0);
    EXPECT_TRUE(rich.history.empty());
    EXPECT_EQ(rich.artifacts.size(), 1U);
}

TEST_P(StorageListContract, TheRuntimeListsEveryOwnersTasks) {
    make_task();
    make_task_of(bob_);
    const ListPage all = must(storage().list(all_, {}));
    EXPECT_EQ(all.total, 2);
    EXPECT_EQ(all.tasks.size(), 2U);
}

TEST_P(StorageListContract, ATokenServesItsOwnListingOnly) {
    make_tasks(5);
    const std::string token = page(pages_of(2)).next_page_token;
    ListQuery query = pages_of(2);
    query.page_token = token;
    EXPECT_EQ(error_of(storage().list(bob_, query)), ErrorCode::kInvalidParams);
    EXPECT_EQ(error_of(storage().list({"alice", "shop", false}, query)), ErrorCode::kInvalidParams);
    ListQuery other = query;
    other.state = TaskState::kSubmitted;
    EXPECT_EQ(error_of(storage().list(alice_, other)), ErrorCode::kInvalidParams);
    other = query;
    other.context_id = "context";
    EXPECT_EQ(error_of(storage().list(alice_, other)), ErrorCode::kInvalidParams);
    other = query;
    other.status_after = Timestamp{};
    EXPECT_EQ(error_of(storage().list(alice_, other)), ErrorCode::kInvalidParams);
    other = query;
    other.page_size = 3;
    EXPECT_EQ(page(other).tasks.size(), 3U) << "the page size is no filter";
}

TEST_P(StorageListContract, AnAlteredOrInventedTokenIsRefused) {
    make_tasks(3);
    ListQuery query = pages_of(1);
    const std::string token = page(query).next_page_token;
    for (std::string wrong :
         {std::string("x"), std::string("MTIz"), token + "A", token.substr(1)}) {
        query.page_token = std::move(wrong);
        EXPECT_EQ(error_of(storage().list(alice_, query)), ErrorCode::kInvalidParams);
    }
    query.page_token = token;
    query.page_token[token.size() / 2] = token[token.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_EQ(error_of(storage().list(alice_, query)), ErrorCode::kInvalidParams);
}

TEST_P(StorageListContract, AnUnchangedTaskIsListedOnceWhileOthersChange) {
    std::vector<TaskId> unchanged;
    std::vector<TaskId> changing;
    for (int i = 0; i < 10; ++i) {
        unchanged.push_back(make_task());
        changing.push_back(make_task());
        advance(Duration(1));
    }
    ListQuery query = pages_of(3);
    Listing listing;
    for (std::size_t step = 0; step < 100; ++step) {
        const ListPage one = page(query);
        listing.add(one);
        if (one.next_page_token.empty()) break;
        query.page_token = one.next_page_token;
        advance(Duration(1));
        append(changing[step % changing.size()], with_status(TaskState::kWorking));
        make_task();
    }
    EXPECT_FALSE(listing.has_duplicates());
    for (const TaskId task : unchanged) EXPECT_TRUE(listing.has(task));
    EXPECT_LE(listing.ids.size(), 20U) << "what was made meanwhile is not in the listing";
    EXPECT_EQ(listing.total, 20) << "counted once, for the whole listing";
}

TEST_P(StorageListContract, TasksChangedMeanwhileLeaveTheListingAndAreFoundAfterAsOf) {
    const TaskId oldest = make_task();
    advance(Duration(1));
    make_tasks(4);
    ListQuery query = pages_of(2);
    const ListPage first = page(query);
    advance(Duration(1));
    append(oldest, with_status(TaskState::kWorking));
    query.page_token = first.next_page_token;
    Listing rest = all_pages(query);
    EXPECT_FALSE(rest.has(oldest));
    ListQuery missed;
    missed.status_after = first.as_of;
    EXPECT_TRUE(all_pages(missed).has(oldest));
}

TEST_P(StorageListContract, AsOfIsEarlierThanEveryWriteThatTheListingDidNotSee) {
    make_task();
    const Timestamp as_of = page({}).as_of;
    const TaskId unseen = make_task();
    EXPECT_LT(as_of, *load(unseen).status.timestamp);
}

TEST_P(StorageListContract, AStateFilterDropsATaskThatLeavesTheState) {
    make_tasks(4);
    const TaskId task = all_pages({}).ids.back();
    ListQuery query = pages_of(2);
    query.state = TaskState::kSubmitted;
    const ListPage first = page(query);
    advance(Duration(1));
    append(task, with_status(TaskState::kWorking));
    query.page_token = first.next_page_token;
    EXPECT_FALSE(all_pages(query).has(task));
    query.page_token.clear();
    EXPECT_EQ(page(query).total, 3);
}

TEST_P(StorageListContract, AListingGoesOnThoughTheTaskOfItsCursorChangedOrIsGone) {
    const TaskId erased = make_ended_task();
    make_tasks(3);
    advance(Duration(1));
    const TaskId moved = make_task();
    advance(Duration(1));
    make_tasks(1);
    ListQuery query = pages_of(2);
    ListPage one = page(query);
    ASSERT_EQ(one.tasks.back().id, moved);
    advance(Duration(1));
    append(moved, with_status(TaskState::kWorking));
    query.page_token = one.next_page_token;
    one = page(query);
    EXPECT_EQ(one.tasks.size(), 2U);
    EraseQuery everything;
    everything.keep_at_most = 0;
    must(maintenance().erase(everything));
    query.page_token = one.next_page_token;
    one = page(query);
    ASSERT_EQ(one.tasks.size(), 1U);
    EXPECT_NE(one.tasks[0].id, erased);
    EXPECT_TRUE(one.next_page_token.empty());
}

TEST_P(StorageListContract, APageEndsAtItsBytesAndTheListingGoesOn) {
    make_tasks(5);
    const std::vector<TaskId> tasks = all_pages({}).ids;
    for (const TaskId& task : tasks) append(task, with_chunk("a", std::string(20'000, 'x'), false));
    const auto sizes_of_pages = [&](ListQuery query) {
        std::vector<std::size_t> sizes;
        Listing listing;
        do {
            const ListPage one = page(query);
            listing.add(one);
            sizes.push_back(one.tasks.size());
            EXPECT_EQ(one.total, 5);
            query.page_token = one.next_page_token;
        } while (!query.page_token.empty() && sizes.size() < 10);
        EXPECT_EQ(listing.ids, tasks);
        return sizes;
    };
    using Sizes = std::vector<std::size_t>;
    ListQuery query = pages_of(4);
    query.include_artifacts = true;
    query.max_bytes = 50'000;
    EXPECT_EQ(sizes_of_pages(query), (Sizes{2, 2, 1}));
    query.max_bytes = 1;
    EXPECT_EQ(sizes_of_pages(query), (Sizes{1, 1, 1, 1, 1})) << "one task at least";
    query.max_bytes = 1'000'000;
    EXPECT_EQ(sizes_of_pages(query), (Sizes{4, 1}));
    query.include_artifacts = false;
    query.max_bytes = 50'000;
    EXPECT_EQ(sizes_of_pages(query), (Sizes{4, 1})) << "fields that are left out do not count";
}

TEST_P(StorageListContract, HistoryCountsForThePageAsFarAsItIsAskedFor) {
    make_tasks(3);
    for (const TaskId& task : all_pages({}).ids) {
        TaskUpdate update = blank();
        Message message;
        message.parts = {Part::from_text(std::string(20'000, 'x'))};
        update.history.emplace_back(std::move(message));
        append(task, std::move(update));
    }
    ListQuery query = pages_of(3);
    query.max_bytes = 30'000;
    EXPECT_EQ(page(query).tasks.size(), 1U);
    query.history_length = 1;
    EXPECT_EQ(page(query).tasks.size(), 1U);
    query.history_length = 0;
    EXPECT_EQ(page(query).tasks.size(), 3U);
}

TEST_P(StorageListContract, OnlyAStatusMovesATaskInTheListing) {
    const TaskId one = make_task();
    advance(Duration(1));
    const TaskId two = make_task();
    advance(Duration(1));
    append(one, with_chunk("a", "x", false));
    TaskUpdate update = blank();
    update.metadata = RawJson("{}");
    append(one, std::move(update));
    EXPECT_EQ(all_pages({}).ids, (std::vector{two, one}));
}

TEST_P(StorageListContract, CountsFollowEveryTransition) {
    const auto counts = [&] {
        std::string text;
        for (const TaskState state :
             {TaskState::kSubmitted, TaskState::kWorking, TaskState::kInputRequired,
              TaskState::kCanceled, TaskState::kCompleted}) {
            ListQuery query;
            query.state = state;
            text += std::to_string(page(query).total);
        }
        return text + "/" + std::to_string(page({}).total);
    };
    const TaskId task = make_task();
    const TaskId other = make_task();
    EXPECT_EQ(counts(), "20000/2");
    const Run run = claim(task);
    EXPECT_EQ(counts(), "11000/2");
    append(task, under(run.epoch, with_status(TaskState::kInputRequired)));
    EXPECT_EQ(counts(), "10100/2");
    append(task, with_turn("more"));
    EXPECT_EQ(counts(), "20000/2");
    release(task, run.epoch, Release::kPaused);
    append(task, under(claim(task, 2).epoch, with_status(TaskState::kCompleted)));
    TaskUpdate cancel = blank();
    cancel.cancel_by = now();
    append(other, std::move(cancel));
    EXPECT_EQ(counts(), "00011/2");
    EraseQuery completed;
    completed.keep_at_most = 0;
    completed.state = TaskState::kCompleted;
    must(maintenance().erase(completed));
    EXPECT_EQ(counts(), "00010/1");
}

TEST_P(StorageListContract, ATaskCountsFromItsRevealOnUnderTheStateItHasThen) {
    const TaskId task = make_unrevealed_task();
    const Run run = claim(task);
    ListQuery working;
    working.state = TaskState::kWorking;
    EXPECT_EQ(page(working).total, 0);
    TaskUpdate reveal = blank();
    reveal.reveal = true;
    append(task, reveal);
    EXPECT_EQ(page(working).total, 1);
    append(task, under(run.epoch, with_status(TaskState::kCompleted)));
    EXPECT_EQ(page(working).total, 0);
    EXPECT_EQ(page({}).total, 1);
}

}  // namespace a2akit::testing
