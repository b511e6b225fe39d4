#pragma once

#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/storage.hpp>
#include <a2akit/testing/task_case_table.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The words of the table of cases in task_case_table.hpp: the situations in which a task can be,
// and what can be done to it there.

namespace a2akit::testing {

/// One task, and all that can be done to it: through a Storage, or by the bare rules.
class TaskDriver {
public:
    static constexpr Lease kLease = std::chrono::seconds(15);

    virtual ~TaskDriver() = default;
    /// Makes the task. Called once.
    virtual Result<Appended> create(bool revealed, TaskUpdate update) = 0;
    virtual Result<Appended> append(TaskUpdate update) = 0;
    /// Of the run, only the numbers count.
    virtual Result<Claimed> claim(WriteId id, Turn turn, NodeId node) = 0;
    virtual std::optional<Turn> release(Epoch epoch, Release how, Timestamp not_before) = 0;
    virtual void renew(NodeId node) = 0;
    /// What a sweep has to do about this task now.
    virtual std::vector<Due> due() = 0;
    /// The task's numbers; its contents do not count.
    virtual TaskSnapshot state() = 0;
    /// The reason for which the task has become a dead letter; empty when it has not.
    virtual std::string dead_letter() = 0;
    virtual Timestamp now() = 0;
    virtual void advance(Duration by) = 0;
};

/// Brings a new task into a situation, does something to it, and says in one line what came of it.
class TaskCase {
public:
    explicit TaskCase(TaskDriver& driver) : driver_(driver) {}

    /// "answer | state | sweeps", as in task_case_table.hpp.
    std::string run(std::string_view situation, std::string_view operation) {
        situations().at(std::string(situation))(*this);
        driver_.advance(std::chrono::milliseconds(50));
        before_ = driver_.state();
        const Timestamp began = driver_.now();
        std::string answer = operations().at(std::string(operation))(*this);
        const std::string after = state_in_words(driver_.state(), began);
        const std::string sweeps = sweeps_in_words();
        return answer + " | " + after + " |" + (sweeps.empty() ? "" : " ") + sweeps;
    }

private:
    using Step = std::function<void(TaskCase&)>;
    using Operation = std::function<std::string(TaskCase&)>;

    // -- Updates

    static TaskUpdate blank() {
        TaskUpdate update;
        update.id = WriteId::next();
        return update;
    }
    static TaskUpdate status(TaskState state) {
        TaskUpdate update = blank();
        update.status = TaskStatus{state, {}, {}};
        return update;
    }
    static TaskUpdate message() {
        TaskUpdate update = status(TaskState::kSubmitted);
        Message text;
        text.message_id = Uuid::generate().to_string();
        text.role = Role::kUser;
        text.parts.push_back(Part::from_text("hello"));
        update.history.emplace_back(std::move(text));
        update.turn.emplace();
        update.turn->message = update.history.back();
        return update;
    }
    static TaskUpdate chunk() {
        TaskUpdate update = blank();
        Artifact artifact;
        artifact.artifact_id = "answer";
        artifact.parts.push_back(Part::from_text("text"));
        update.artifacts.push_back({Shared<Artifact>(std::move(artifact)), false, false, {}});
        return update;
    }
    static TaskUpdate reply() {
        TaskUpdate update = blank();
        Message text;
        text.message_id = "reply";
        text.role = Role::kAgent;
        update.reply = Shared<Message>(std::move(text));
        return update;
    }
    TaskUpdate cancel(Duration after) {
        TaskUpdate update = blank();
        update.cancel_by = driver_.now() + after;
        return update;
    }
    static TaskUpdate under(Epoch epoch, TaskUpdate update) {
        update.guard.epoch = epoch;
        return update;
    }
    TaskUpdate by_its_run(TaskUpdate update) { return under(before_.epoch, std::move(update)); }
    static TaskUpdate forced(Epoch epoch, TaskUpdate update) {
        update.raise_epoch = true;
        return under(epoch, std::move(update));
    }
    static TaskUpdate at_revision(Revision revision, TaskUpdate update) {
        update.guard.revision = revision;
        return update;
    }
    static TaskUpdate unless_running(TaskUpdate update) {
        update.guard.no_live_run = true;
        return update;
    }
    static TaskUpdate with(TaskUpdate update, void (*change)(TaskUpdate&)) {
        change(update);
        return update;
    }

    // -- Situations

    void make(bool revealed, TaskUpdate update) {
        last_write_ = update;
        (void)driver_.create(revealed, std::move(update));
        pass(100);
    }
    void write(TaskUpdate update) {
        last_write_ = update;
        (void)driver_.append(std::move(update));
        pass(100);
    }
    void pass(int milliseconds) { driver_.advance(std::chrono::milliseconds(milliseconds)); }
    void claim(Turn turn = 1) {
        claim_ = WriteId::next();
        (void)driver_.claim(claim_, turn, node_);
        pass(100);
    }
    void run() {
        make(true, message());
        claim();
    }
    void pause(TaskState state) {
        run();
        write(under(1, status(state)));
    }
    void lose_lease() { driver_.advance(kLease()); }
    static Duration kLease() { return TaskDriver::kLease; }

    static const std::map<std::string, Step>& situations() {
        static const std::map<std::string, Step> all = {
            {"made without a turn", [](TaskCase& c) { c.make(true, status(TaskState::kWorking)); }},
            {"made, and has ended", [](TaskCase& c) { c.make(true, status(TaskState::kFailed)); }},
            {"submitted", [](TaskCase& c) { c.make(true, message()); }},
            {"hidden", [](TaskCase& c) { c.make(false, message()); }},
            {"running", [](TaskCase& c) { c.run(); }},
            {"hidden and running",
             [](TaskCase& c) {
                 c.make(false, message());
                 c.claim();
             }},
            {"running, its lease over",
             [](TaskCase& c) {
                 c.run();
                 c.lose_lease();
             }},
            {"taken over",
             [](TaskCase& c) {
                 c.run();
                 c.lose_lease();
                 c.claim();
             }},
            {"handed back",
             [](TaskCase& c) {
                 c.run();
                 (void)c.driver_.release(1, Release::kHandBack, {});
                 c.pass(100);
             }},
            {"to be tried again later",
             [](TaskCase& c) {
                 c.run();
                 (void)c.driver_.release(1, Release::kRetry,
                                         c.driver_.now() + std::chrono::seconds(4));
                 c.pass(100);
             }},
            {"cancel pending",
             [](TaskCase& c) {
                 c.run();
                 c.write(c.cancel(std::chrono::seconds(2)));
             }},
            {"cancel pending, its lease over",
             [](TaskCase& c) {
                 c.run();
                 c.write(c.cancel(std::chrono::seconds(2)));
                 c.lose_lease();
             }},
            {"paused, its handler there", [](TaskCase& c) { c.pause(TaskState::kInputRequired); }},
            {"paused, its lease over",
             [](TaskCase& c) {
                 c.pause(TaskState::kAuthRequired);
                 c.lose_lease();
             }},
            {"paused",
             [](TaskCase& c) {
                 c.pause(TaskState::kInputRequired);
                 (void)c.driver_.release(1, Release::kPaused, {});
             }},
            {"continued, its handler there",
             [](TaskCase& c) {
                 c.pause(TaskState::kInputRequired);
                 c.write(message());
             }},
            {"continued",
             [](TaskCase& c) {
                 c.pause(TaskState::kAuthRequired);
                 (void)c.driver_.release(1, Release::kPaused, {});
                 c.write(message());
             }},
            {"continued and running",
             [](TaskCase& c) {
                 c.pause(TaskState::kInputRequired);
                 (void)c.driver_.release(1, Release::kPaused, {});
                 c.write(message());
                 c.claim(2);
             }},
            {"completed",
             [](TaskCase& c) {
                 c.run();
                 c.write(under(1, status(TaskState::kCompleted)));
             }},
        };
        return all;
    }

    // -- Operations

    template <class Make>
    static Operation appends(Make make) {
        return [make](TaskCase& c) { return c.append_in_words(make(c)); };
    }
    static Operation claims(int turns_ahead) {
        return [turns_ahead](TaskCase& c) {
            const Turn turn = static_cast<Turn>(static_cast<int>(c.before_.turn) + turns_ahead);
            return c.claim_in_words(WriteId::next(), turn);
        };
    }
    static Operation releases(Release how, int epochs_ahead = 0) {
        return [how, epochs_ahead](TaskCase& c) {
            const auto due = c.driver_.release(
                c.before_.epoch + static_cast<Epoch>(epochs_ahead), how,
                how == Release::kRetry ? c.driver_.now() + std::chrono::seconds(2) : Timestamp{});
            return due ? "turn " + std::to_string(*due) : std::string("none");
        };
    }

    static const std::map<std::string, Operation>& operations() {
        static const std::map<std::string, Operation> all = {
            {"nothing", [](TaskCase&) { return std::string("ok"); }},
            {"run completes",
             appends([](TaskCase& c) { return c.by_its_run(status(TaskState::kCompleted)); })},
            {"run pauses",
             appends([](TaskCase& c) { return c.by_its_run(status(TaskState::kInputRequired)); })},
            {"run writes a chunk", appends([](TaskCase& c) { return c.by_its_run(chunk()); })},
            {"run saves a checkpoint", appends([](TaskCase& c) {
                 return c.by_its_run(
                     with(blank(), [](TaskUpdate& update) { update.checkpoint = RawJson("1"); }));
             })},
            {"run replies", appends([](TaskCase& c) { return c.by_its_run(reply()); })},
            {"run reveals", appends([](TaskCase& c) {
                 return c.by_its_run(
                     with(blank(), [](TaskUpdate& update) { update.reveal = true; }));
             })},
            {"another run writes",
             appends([](TaskCase& c) { return under(c.before_.epoch + 1, chunk()); })},
            {"forced end", appends([](TaskCase& c) {
                 return forced(c.before_.epoch, status(TaskState::kFailed));
             })},
            {"late forced end", appends([](TaskCase& c) {
                 return forced(c.before_.epoch + 1, status(TaskState::kFailed));
             })},
            {"forced end, letter", appends([](TaskCase& c) {
                 return with(forced(c.before_.epoch, status(TaskState::kFailed)),
                             [](TaskUpdate& update) { update.dead_letter = "too often"; });
             })},
            {"epoch is raised",
             appends([](TaskCase& c) { return forced(c.before_.epoch, blank()); })},
            {"cancel in 3 s",
             appends([](TaskCase& c) { return c.cancel(std::chrono::seconds(3)); })},
            {"cancel in 1 s",
             appends([](TaskCase& c) { return c.cancel(std::chrono::seconds(1)); })},
            {"end unless running",
             appends([](TaskCase&) { return unless_running(status(TaskState::kCanceled)); })},
            {"message",
             appends([](TaskCase& c) { return at_revision(c.before_.revision, message()); })},
            {"late message",
             appends([](TaskCase& c) { return at_revision(c.before_.revision - 1, message()); })},
            {"status by anyone", appends([](TaskCase&) { return status(TaskState::kWorking); })},
            {"last append again", appends([](TaskCase& c) { return c.last_write_; })},
            {"claim", claims(0)},
            {"claim of the turn before", claims(-1)},
            {"claim of the turn after", claims(1)},
            {"same claim again",
             [](TaskCase& c) { return c.claim_in_words(c.claim_, c.before_.turn); }},
            {"release, done", releases(Release::kPaused)},
            {"release, hand back", releases(Release::kHandBack)},
            {"release, retry in 2 s", releases(Release::kRetry)},
            {"release of another run", releases(Release::kPaused, 1)},
            {"renew",
             [](TaskCase& c) {
                 c.driver_.renew(c.node_);
                 return std::string("ok");
             }},
        };
        return all;
    }

    // -- Words

    std::string append_in_words(TaskUpdate update) {
        const bool made = update.turn.has_value();
        const Result<Appended> appended = driver_.append(std::move(update));
        if (!appended) return std::string(to_string(appended.error().code));
        if (appended->repeated) return "again";
        std::string words = mismatch(*appended);
        if (made) words += appended->turn_due ? " due" : " not due";
        const std::string letter = driver_.dead_letter();
        return letter.empty() ? words : words + ", " + letter;
    }
    std::string claim_in_words(WriteId id, Turn turn) {
        const Result<Claimed> claimed = driver_.claim(id, turn, node_);
        if (!claimed) return std::string(to_string(claimed.error().code));
        if (const auto* refused = std::get_if<Refusal>(&*claimed)) {
            constexpr const char* kWords[] = {"stale", "ended", "duplicate", "busy"};
            return kWords[static_cast<int>(*refused)];
        }
        const Run& run = std::get<Run>(*claimed);
        const std::string numbers =
            " " + std::to_string(run.epoch) + ", attempt " + std::to_string(run.attempt);
        if (run.appended.repeated) return "again run" + numbers;
        const std::string wrong = mismatch(run.appended);
        return (wrong == "ok" ? "run" : wrong) + numbers;
    }
    // "ok" when the answer of a write says what the task's state says.
    std::string mismatch(const Appended& appended) {
        const TaskSnapshot after = driver_.state();
        const bool fits =
            appended.turn == after.turn && appended.revision == after.revision &&
            appended.first == before_.last_sequence + 1 && appended.last == after.last_sequence &&
            appended.before == before_.status.state && appended.after == after.status.state &&
            appended.turn_ended == after.turn_ended && appended.task == after.id;
        return fits ? "ok" : "the answer does not fit the task";
    }

    static std::string seconds(Duration time) {
        std::string words = time < Duration::zero() ? "-" : "";
        const auto tenths = std::abs(time / std::chrono::milliseconds(100));
        words += std::to_string(tenths / 10);
        if (tenths % 10 != 0) words += "." + std::to_string(tenths % 10);
        return words;
    }
    static std::string state_in_words(const TaskSnapshot& task, Timestamp began) {
        std::string words(to_string(task.status.state).substr(11));
        words += " r" + std::to_string(task.revision) + " l" + std::to_string(task.last_sequence) +
                 " t" + std::to_string(task.turn) + " e" + std::to_string(task.epoch);
        if (task.turn_ended) words += " ended";
        if (task.live_run) words += " live";
        if (!task.revealed) words += " hidden";
        if (task.cancel_by) words += " cancel " + seconds(*task.cancel_by - began);
        return words;
    }
    // "T0@1 X1@14.9": what sweeps in the length of a lease find, by kind, attempts and seconds.
    std::string sweeps_in_words() {
        constexpr int kAfter[] = {0, 1000, 3000, 7000, 14900, 15000};
        std::string words;
        int at = 0;
        for (const int after : kAfter) {
            driver_.advance(std::chrono::milliseconds(after - std::exchange(at, after)));
            // One sweep may leave something to the next.
            for (auto found = driver_.due(); !found.empty(); found = driver_.due()) {
                for (const Due& due : found) {
                    if (!words.empty()) words += ' ';
                    words += "TXC"[static_cast<int>(due.kind)];
                    words += std::to_string(due.attempts) + "@" +
                             seconds(std::chrono::milliseconds(after));
                }
            }
        }
        return words;
    }

    TaskDriver& driver_;
    const NodeId node_ = NodeId::generate();
    WriteId claim_ = WriteId::next();
    TaskUpdate last_write_;
    TaskSnapshot before_;
};

/// A row of the table.
struct TaskCaseRow {
    std::string_view situation;
    std::string_view operation;
    std::string_view expected;
};

/// Calls `use` with each row of kTaskCaseTable, and returns how many there are.
template <class Use>
int for_each_task_case(Use use) {
    int rows = 0;
    TaskCaseRow row;
    for (std::string_view rest = kTaskCaseTable; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.empty()) continue;
        if (!line.starts_with("  ")) {
            row.situation = line;
            continue;
        }
        line.remove_prefix(2);
        const auto bar = line.find(" | ");
        row.operation = line.substr(0, bar);
        row.expected = line.substr(bar + 3);
        use(std::as_const(row));
        ++rows;
    }
    return rows;
}

}  // namespace a2akit::testing
