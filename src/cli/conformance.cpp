#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/credentials.hpp"
#include "cli/http.hpp"
#include "cli/turn.hpp"
#include "json/codec.hpp"

#include <a2akit/json/json.hpp>

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

// A smoke test of a live agent. Each check names the section of the specification of A2A 1.0 that
// it looks at.

namespace a2akit::cli {
namespace {

enum class Verdict { kPass, kFail, kSkip };

struct Finding {
    Verdict verdict = Verdict::kPass;
    std::string detail = {};
};

Finding passed() { return {}; }
Finding failed(std::string why) { return {Verdict::kFail, std::move(why)}; }
Finding skipped(std::string why) { return {Verdict::kSkip, std::move(why)}; }

struct Subject {
    const Session& session;
    ResolvedCard card;
    Agent agent;
    Task task = {};  ///< Of the first send; without an id when the agent replied with a message.
};

struct Check {
    std::string_view section;
    std::string_view name;
    std::function<Finding(Subject&)> run;
};

/// Passes when the call fails with one of these errors.
Finding expect_error(const std::function<void()>& call,
                     std::initializer_list<std::string_view> any) {
    try {
        call();
    } catch (const Failure& failure) {
        for (const std::string_view name : any) {
            if (failure.code() == name) return passed();
        }
        return failed("the error is " + failure.code() + ": " + failure.message());
    }
    return failed("the call succeeded");
}

OutgoingRequest hello(Subject& subject) {
    return make_request(subject.session, {Part::from_text("Hello")});
}

Finding card_follows_the_schema(Subject& subject) {
    std::string text;
    for (const std::string& fault : faults_of_card(subject.card.json))
        text += (text.empty() ? "" : "; ") + fault;
    return text.empty() ? passed() : failed(text);
}

Finding send_settles(Subject& subject) {
    const SendMessageResponse response =
        send_and_wait(subject.agent, hello(subject), subject.session);
    if (const auto* task = std::get_if<Task>(&response.payload)) {
        subject.task = *task;
        if (task->id.empty()) return failed("the task has no id");
        if (task->context_id.empty()) return failed("the task has no contextId");
        return passed();
    }
    return std::holds_alternative<Message>(response.payload) ? passed()
                                                             : failed("there is no result");
}

Finding get_returns_the_task(Subject& subject) {
    if (subject.task.id.empty()) return skipped("the agent replied without a task");
    const Task task = subject.agent.get_task(subject.task.id);
    if (task.id != subject.task.id) return failed("the task has another id");
    return task.context_id == subject.task.context_id ? passed()
                                                      : failed("the task has another contextId");
}

Finding unknown_task(Subject& subject) {
    return expect_error(
        [&] { (void)subject.agent.get_task("00000000-0000-7000-8000-000000000000"); },
        {"TaskNotFoundError"});
}

Finding cancel_unknown_task(Subject& subject) {
    return expect_error(
        [&] { (void)subject.agent.cancel("00000000-0000-7000-8000-000000000000", {}); },
        {"TaskNotFoundError"});
}

Finding list_has_the_task(Subject& subject) {
    if (subject.task.id.empty()) return skipped("the agent replied without a task");
    ListTasksRequest request;
    request.context_id = subject.task.context_id;
    for (const Task& task : subject.agent.list_tasks(request).tasks) {
        if (task.id == subject.task.id) return passed();
    }
    return failed("the list of its context does not have the task");
}

Finding wrong_context(Subject& subject) {
    if (subject.task.id.empty()) return skipped("the agent replied without a task");
    OutgoingRequest request = hello(subject);
    request.message.task_id = subject.task.id;
    request.message.context_id = "00000000-0000-7000-8000-000000000000";
    return expect_error([&] { (void)subject.agent.send(request); },
                        {"InvalidParamsError", "UnsupportedOperationError", "TaskNotFoundError",
                         "InvalidRequestError"});
}

Finding ended_task_takes_no_message(Subject& subject) {
    if (!is_terminal(subject.task.status.state)) return skipped("the task has not ended");
    OutgoingRequest request = hello(subject);
    request.message.task_id = subject.task.id;
    return expect_error([&] { (void)subject.agent.send(request); },
                        {"UnsupportedOperationError", "InvalidParamsError"});
}

Finding stream_begins_with_the_task(Subject& subject) {
    if (!subject.agent.can_stream()) return skipped("the card declares no streaming");
    const auto events = subject.agent.stream(hello(subject));
    const std::optional<StreamResponse> first = events->next();
    if (!first) return failed("the stream has no event");
    if (std::holds_alternative<Message>(first->payload)) return passed();
    if (!std::holds_alternative<Task>(first->payload))
        return failed("the first event is not the Task");
    Standing standing;
    standing.update(*first);
    while (!standing.is_settled()) {
        const std::optional<StreamResponse> event = events->next();
        if (!event) return failed("the stream ended before the task settled");
        standing.update(*event);
    }
    return passed();
}

Finding streaming_is_declared(Subject& subject) {
    if (subject.agent.can_stream()) return skipped("the card declares streaming");
    return expect_error([&] { (void)subject.agent.stream(hello(subject))->next(); },
                        {"UnsupportedOperationError"});
}

/// Posts what no client library would send; the number of the JSON-RPC error, 0 without one.
int post_raw(Subject& subject, const std::string& body, const std::string& version) {
    const Credentials credentials =
        place_credentials(subject.agent.card(), subject.card.origin, subject.session);
    client::HttpRequest call{.method = "POST",
                             .url = subject.agent.interface().url,
                             .headers = credentials.headers,
                             .body = body};
    call.headers.emplace_back("Content-Type", "application/json");
    call.headers.emplace_back("A2A-Version", version);
    const client::HttpAnswer answer =
        http_call(call, subject.session.options(), subject.session.console());
    int number = 0;
    json::Cursor cursor(answer.body, json::Mode::kLenient);
    (void)cursor.object([&](std::string_view key) {
        if (key != "error" || cursor.kind() != json::Kind::kObject) return cursor.skip();
        return cursor.object([&](std::string_view field) {
            return field == "code" ? cursor.int32(number) : cursor.skip();
        });
    });
    return number;
}

Check raw_check(std::string_view section, std::string_view name, std::string body,
                std::string version, int expected) {
    return {section, name, [=](Subject& subject) {
                if (subject.agent.interface().protocol_binding != "JSONRPC")
                    return skipped("only over JSON-RPC; add --transport jsonrpc");
                const int number = post_raw(subject, body, version);
                return number == expected ? passed()
                                          : failed("the error's code is " + std::to_string(number) +
                                                   " instead of " + std::to_string(expected));
            }};
}

std::vector<Check> checks() {
    return {
        {"4.4", "the card follows the schema", &card_follows_the_schema},
        {"3.1.1", "a message is answered by a task or a message", &send_settles},
        {"3.1.3", "the task can be read", &get_returns_the_task},
        {"3.3.2", "an unknown task is TaskNotFoundError", &unknown_task},
        {"3.1.5", "cancelling an unknown task is TaskNotFoundError", &cancel_unknown_task},
        {"3.1.4", "the task is listed under its context", &list_has_the_task},
        {"3.4.3", "a task and a context that do not belong together are refused", &wrong_context},
        {"3.1.1", "a task that has ended takes no message", &ended_task_takes_no_message},
        {"3.1.2", "a stream begins with the task, and goes on until it settles",
         &stream_begins_with_the_task},
        {"3.3.4", "streaming that the card does not declare is refused", &streaming_is_declared},
        raw_check("9.5", "a body that is not JSON is JSONParseError", "{\"jsonrpc\": ", "1.0",
                  -32700),
        raw_check("9.5", "an unknown method is MethodNotFoundError",
                  R"({"jsonrpc":"2.0","id":1,"method":"NoSuchMethod","params":{}})", "1.0", -32601),
        raw_check("9.5", "a send without a message is InvalidParamsError",
                  R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{}})", "1.0", -32602),
        raw_check("3.6.2", "an unknown version is VersionNotSupportedError",
                  R"({"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x"}})", "99.0",
                  -32009),
    };
}

std::string_view text_of(Verdict verdict) {
    return verdict == Verdict::kPass ? "pass" : verdict == Verdict::kFail ? "fail" : "skip";
}

int run_conformance(const Session& session) {
    ResolvedCard card = resolve_card(session.options(), session.console());
    Subject subject{session, card, Agent(session, card)};
    Console& console = session.console();
    Json list = Json::array();
    int failures = 0;
    for (const Check& check : checks()) {
        Finding finding;
        try {
            finding = check.run(subject);
        } catch (const Failure& failure) {
            finding = failed(failure.code() + ": " + failure.message());
        }
        failures += finding.verdict == Verdict::kFail ? 1 : 0;
        if (console.is_json()) {
            list.push_back(Json::object({{"section", check.section},
                                         {"check", check.name},
                                         {"result", text_of(finding.verdict)},
                                         {"detail", finding.detail}}));
            continue;
        }
        console.field("Check", std::string(text_of(finding.verdict)) + " A2A " +
                                   std::string(check.section) + ": " + std::string(check.name) +
                                   (finding.detail.empty() ? "" : " (" + finding.detail + ")"));
    }
    if (console.is_json()) {
        console.json_line(
            Json::object({{"agent", session.options().agent_card}, {"checks", list}}).text());
    } else {
        console.field("Failed", std::to_string(failures));
    }
    return failures == 0 ? kExitSuccess : kExitFailure;
}

}  // namespace

void add_conformance(CLI::App& command, Program& program) {
    program.add_agent_settings(command);
    program.on_chosen(command, &run_conformance);
}

}  // namespace a2akit::cli
