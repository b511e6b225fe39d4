"""The checks of tier 1 of the specification of a2a-cli."""
import json
import os
import re
import signal
import subprocess
import threading
import time

from registry import check
from support import Answer, CUT, Certificates, Scripted, SECRET, card_of, fields, rpc_error, task_of

UUID = re.compile(r"^[0-9a-f-]{36}$")


def answers(**by_operation):
    """A script that gives each operation its answers in turn; the last one is repeated."""
    left = {name: list(answer) if isinstance(answer, tuple) else [answer] for name, answer in by_operation.items()}

    def answer(request):
        queue = left[request.operation]
        given = queue.pop(0) if len(queue) > 1 else queue[0]
        return given(request) if callable(given) else given
    return answer


COMPLETED = {"task": task_of("COMPLETED", artifacts=[{"artifactId": "a", "parts": [{"text": "done"}]}])}


@check("A2ACLI_CARD_GET_001")
def card_from_everywhere(cli):
    """The card of a live agent is read from a host, an origin, a full URL, a path and a file:// URL, and a message sent
    with each reference reaches the agent; a missing, an unreadable and an unreachable card give the documented errors."""
    host = cli.agent.removeprefix("http://")
    card = cli.json("card", "get")
    file = cli.home / "card.json"
    file.write_text(json.dumps(card))
    for reference in (host, cli.agent, cli.agent + "/", cli.agent + "/.well-known/agent-card.json", str(file),
                      f"file://{file}"):
        done = cli.run("card", "get", "-a", reference, "-o", "json")
        assert json.loads(done.stdout) == card, (reference, done)
        assert "hello" in cli.run("send", "-a", reference, "hello").stdout, reference
    shown = fields(cli.talk("card", "get").stdout)
    assert {"Name", "Streaming", "Push Notifications", "Extended Card", "Interface", "Skill"} <= set(shown), shown
    assert cli.failure("card", "get", "-a", str(cli.home / "none.json"), status=3)["code"] == "A2ACLI_ERR_CARD_NOT_FOUND"
    file.write_text("{not json")
    assert cli.failure("card", "get", "-a", str(file), status=1)["code"] == "A2ACLI_ERR_CARD_INVALID"
    assert cli.failure("card", "get", "-a", "http://127.0.0.1:1", status=3)["code"] == "A2ACLI_ERR_UNREACHABLE"


@check("A2ACLI_SEND_001")
def send(cli):
    """`send` starts an interaction with a live agent, as an argument and as --text; without content it is a usage
    error."""
    assert fields(cli.talk("send", "hello").stdout)["Text"] == "hello"
    assert fields(cli.talk("send", "--text", "hello").stdout)["Text"] == "hello"
    assert cli.failure("send", "-a", cli.agent, status=2)["code"] == "A2ACLI_ERR_USAGE"


@check("A2ACLI_SEND_002")
def blocking_and_async(cli):
    """`send` returns the task after it has ended; with --async (and --no-wait, --return-immediately) it returns while
    the task works, with its identifiers."""
    assert cli.json("send", "wait 1")["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    for flag in ("--async", "--no-wait", "--return-immediately"):
        task = cli.json("send", "wait 60", flag)["task"]
        assert task["status"]["state"] in ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"), task
        assert task["id"] and task["contextId"]
        cli.talk("task", "cancel", task["id"])


@check("A2ACLI_SEND_003")
def send_stream(cli):
    """--stream prints every event of a scripted stream, and follows a live one to its end; a Message-only stream ends with
    status 0; an agent without streams is waited for instead."""
    pieces = [{"artifactUpdate": {"taskId": "task-1", "contextId": "context-1", "append": number > 0,
                                  "artifact": {"artifactId": "a", "parts": [{"text": str(number)}]}}}
              for number in range(3)]
    end = {"statusUpdate": {"taskId": "task-1", "contextId": "context-1", "status": {"state": "TASK_STATE_COMPLETED"}}}
    stream = [{"task": task_of("WORKING")}, *pieces, end]
    with Scripted(answers(SendStreamingMessage=stream), capabilities={"streaming": True}) as agent:
        done = cli.run("send", "-a", agent.url, "x", "--stream", "-o", "json")
        printed = [json.loads(line) for line in done.stdout.splitlines()]
        assert [list(one) for one in printed] == [list(one) for one in stream], done
    last = cli.lines("send", "count 3")[-1]
    assert list(last.values())[0]["status"]["state"] == "TASK_STATE_COMPLETED", last
    assert [list(event) for event in cli.lines("send", "reply hi")] == [["message"]]
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        done = cli.run("send", "-a", agent.url, "x", "--stream", "-o", "json")
        assert done.returncode == 0 and json.loads(done.stdout)["task"]["id"] == "task-1", done


@check("A2ACLI_SEND_004")
def render_parts(cli):
    """A live task with a text, a data, a bytes and a URL part: text as text, data as JSON, files by name, media type and
    size; a part of an unknown kind is named, not dropped."""
    shown = cli.talk("send", "parts").stdout
    for expected in ("Text:\nA text, a value and two files:\n\n", '"answer": 42', "File: table.csv",
                     "Media Type: text/csv", "Size: 8 bytes", "File: picture.png", "URL: https://example.com/picture.png"):
        assert expected in shown, (expected, shown)
    odd = {"task": task_of("COMPLETED", artifacts=[{"artifactId": "a", "parts": [{"hologram": 1}, {"text": "t"}]}])}
    with Scripted(answers(SendMessage=odd)) as agent:
        shown = cli.run("send", "-a", agent.url, "x").stdout
        assert "Part: (of a kind" in shown and "Text:\nt\n" in shown, shown


@check("A2ACLI_SEND_005")
def media_types(cli):
    """--media-type is bound to the part before it and wins over the guess from the name; without a part before it, it is
    a usage error."""
    pdf = cli.home / "report.bin"
    pdf.write_bytes(b"%PDF")
    png = cli.home / "a.png"
    png.write_bytes(b"x")
    shown = fields(cli.talk("send", "describe", "--file", pdf, "--media-type", "application/pdf", "--file", png).stdout)
    assert shown["Text"].splitlines()[1:] == ["bytes application/pdf report.bin", "bytes image/png a.png"], shown
    for order in (["--media-type", "text/csv", "--file", pdf], ["--file", pdf, "--media-type", "a/b", "--media-type",
                                                                 "c/d"]):
        assert cli.failure("send", "-a", cli.agent, *order, status=2)["code"] == "A2ACLI_ERR_USAGE"


@check("A2ACLI_SEND_006")
def ordered_parts(cli):
    """Parts given as --text, --file (path and URL), --data (file and stdin) and an argument arrive in the order of the
    command line."""
    data = cli.home / "d.json"
    data.write_text('{"a": 1}')
    note = cli.home / "note.txt"
    note.write_text("note")
    shown = fields(cli.talk("send", "--text", "describe", "--data", data, "--file", note, "--text", "two", "--file",
                            "https://example.com/p.png?x=1", "--data", "-", "three", stdin="[1]").stdout)
    assert shown["Text"].splitlines() == ["text - -", "data - -", "bytes text/plain note.txt", "text - -",
                                          "url image/png p.png", "data - -", "text - -"], shown
    assert cli.failure("send", "-a", cli.agent, "--data", "-", stdin="nonsense", status=2)


@check("A2ACLI_TASK_GET_001")
def task_get(cli):
    """A finished live task is read by its id, as an argument and as --task-id: state, all parts of its artifacts, and
    its history as --history asks."""
    task = cli.json("send", "parts")["task"]
    read = cli.json("task", "get", task["id"])
    assert read["artifacts"] == task["artifacts"] and read["status"]["state"] == "TASK_STATE_COMPLETED"
    assert len(cli.json("task", "get", "--task-id", task["id"], "--history", "1")["history"]) == 1
    assert not cli.json("task", "get", task["id"], "--history", "0").get("history")
    shown = fields(cli.talk("task", "get", task["id"]).stdout)
    assert (shown["Task ID"], shown["Context ID"], shown["State"]) == (task["id"], task["contextId"],
                                                                       "TASK_STATE_COMPLETED")
    assert shown["File"] == "table.csv" and "42" in shown["Data"]


@check("A2ACLI_TASK_CANCEL_001")
def task_cancel(cli):
    """A working task is cancelled and its state reported; cancelling it again gives the agent's answer: the state, or
    TaskNotCancelableError."""
    task = cli.json("send", "wait 60", "--async")["task"]
    assert cli.json("task", "cancel", task["id"])["status"]["state"] == "TASK_STATE_CANCELED"
    again = cli.run("task", "cancel", task["id"], "-a", cli.agent, "-o", "json")
    said = json.loads(again.stdout)
    assert (again.returncode, said.get("error", {}).get("code")) in ((0, None), (1, "TaskNotCancelableError")), again


@check("A2ACLI_INTERACT_001")
def context_id(cli):
    """--context-id makes a new task in the same context."""
    first = cli.json("send", "one")["task"]
    second = cli.json("send", "two", "--context-id", first["contextId"])["task"]
    assert second["contextId"] == first["contextId"] and second["id"] != first["id"]


@check("A2ACLI_INTERACT_002")
def task_id(cli):
    """A paused task is continued with --task-id alone and with the right --context-id; a wrong context, an unknown and
    an ended task fail with the protocol's error, point at --debug and make no task."""
    for with_context in (False, True):
        task = cli.json("send", "ask")["task"]
        more = ["--context-id", task["contextId"]] if with_context else []
        ended = cli.json("send", "Ada", "--task-id", task["id"], *more)["task"]
        assert ended["id"] == task["id"] and ended["status"]["state"] == "TASK_STATE_COMPLETED"
    task = cli.json("send", "ask")["task"]
    before = len(cli.json("task", "list")["tasks"])
    for arguments in (["--task-id", task["id"], "--context-id", "another"], ["--task-id", ended["id"]],
                      ["--task-id", "01a20b82-67d3-7131-8169-a30bb1175ca8"]):
        error = cli.failure("send", "x", "-a", cli.agent, *arguments, status=1)
        assert error["code"] in ("InvalidParamsError", "UnsupportedOperationError", "TaskNotFoundError"), error
        assert "--debug" in error["hint"], error
    assert len(cli.json("task", "list")["tasks"]) == before


@check("A2ACLI_INTERACT_003")
def invents_nothing(cli):
    """A recorded SendMessage has a messageId, and neither taskId nor contextId."""
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        cli.run("send", "-a", agent.url, "x")
        message = agent.calls("SendMessage")[0].params["message"]
        assert message["messageId"] and not message.get("taskId") and not message.get("contextId"), message


@check("A2ACLI_INTERACT_004")
def resume(cli):
    """The task's id, context and state are printed when it ends and when it pauses; the printed Resume command, run by a
    shell, continues it."""
    shown = fields(cli.talk("send", "ask").stdout)
    assert shown["State"] == "TASK_STATE_INPUT_REQUIRED" and UUID.match(shown["Task ID"])
    command = shown["Resume"].replace("a2akit", cli.program, 1).replace("<reply>", "Ada")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=cli.environment(), timeout=60)
    after = fields(done.stdout)
    assert after["Task ID"] == shown["Task ID"] and after["Text"] == "Hello, Ada", done
    assert after["Context ID"] in after["Resume"]


@check("A2ACLI_INTERACT_005")
def stateless(cli):
    """Nothing is written below the home directory by send, get and a pause, and the next send starts a new task; there is
    no --continue."""
    before = sorted(cli.home.rglob("*"))
    task = cli.json("send", "ask")["task"]
    other = cli.json("send", "Ada")["task"]
    assert task["id"] != other["id"] and task["contextId"] != other["contextId"]
    written = [path for path in cli.home.rglob("*") if path not in before and path.is_file()]
    assert all(task["id"] not in path.read_text(errors="replace") for path in written), written
    assert "--continue" not in cli.run("send", "--help").stdout


@check("A2ACLI_TASK_POLL_001")
def poll(cli):
    """`task get` reads a working task once; `task get --wait` returns when it has ended."""
    task = cli.json("send", "wait 1", "--async")["task"]
    assert cli.json("task", "get", task["id"])["status"]["state"] != "TASK_STATE_COMPLETED"
    assert cli.json("task", "get", task["id"], "--wait")["status"]["state"] == "TASK_STATE_COMPLETED"


@check("A2ACLI_TASK_POLL_002")
def poll_times(cli):
    """Requests at a scripted agent are at least --poll-interval apart; --timeout ends the wait with A2ACLI_ERR_TIMEOUT and
    status 5; SIGINT leaves the task's id on stderr."""
    times = []

    def working(request):
        times.append(time.monotonic())
        return task_of("WORKING" if len(times) < 5 else "COMPLETED")
    with Scripted(answers(GetTask=working)) as agent:
        assert cli.run("task", "get", "task-1", "-a", agent.url, "--wait", "--poll-interval", "100ms").returncode == 0
        assert all(later - earlier >= 0.095 for earlier, later in zip(times, times[1:])), times
    with Scripted(answers(GetTask=task_of("WORKING"))) as agent:
        error = cli.failure("task", "get", "task-1", "-a", agent.url, "--wait", "--timeout", "400ms", status=5)
        assert error["code"] == "A2ACLI_ERR_TIMEOUT" and "task get task-1" in error["hint"], error
        # Without --poll-interval the pauses grow: a handful of requests, no busy loop.
        assert len(agent.calls("GetTask")) <= 6
    waiting = cli.start("send", "wait 60", "-a", cli.agent, "--debug")
    while "an interruption now names the task" not in waiting.stderr.readline():
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=30)
    found = re.search(r"Task ID: ([0-9a-f-]{36})", err)
    assert waiting.returncode == -signal.SIGINT and found, (waiting.returncode, out, err)
    cli.talk("task", "cancel", found.group(1))


@check("A2ACLI_TASK_POLL_003")
def poll_states(cli):
    """The wait of `send`, `send --stream`, `task get --wait` and `task subscribe` ends at INPUT_REQUIRED and AUTH_REQUIRED,
    though the agent keeps the stream open; UNSPECIFIED is polled on until --timeout, and reported as received by a single
    `task get`."""
    for word, state in (("ask", "TASK_STATE_INPUT_REQUIRED"), ("login", "TASK_STATE_AUTH_REQUIRED")):
        task = cli.json("send", word)["task"]
        assert task["status"]["state"] == state
        assert cli.json("task", "get", task["id"], "--wait")["status"]["state"] == state
        assert cli.json("task", "subscribe", task["id"])["status"]["state"] == state
        for command in (["send", word], ["task", "subscribe", task["id"]]):
            last = cli.lines(*command)[-1]
            assert next(iter(last.values()))["status"]["state"] == state, last
    with Scripted(answers(GetTask=(task_of("UNSPECIFIED"), task_of("UNSPECIFIED"), task_of("COMPLETED")))) as agent:
        waited = cli.run("task", "get", "task-1", "-a", agent.url, "--wait", "--poll-interval", "10ms", "-o", "json")
        assert json.loads(waited.stdout)["status"]["state"] == "TASK_STATE_COMPLETED", waited
    with Scripted(answers(GetTask=task_of("UNSPECIFIED"))) as agent:
        assert cli.failure("task", "get", "task-1", "-a", agent.url, "--wait", "--timeout", "300ms", status=5)
        assert "State: TASK_STATE_UNSPECIFIED\n" in cli.run("task", "get", "task-1", "-a", agent.url).stdout


@check("A2ACLI_TASK_POLL_004")
def poll_after_a_cut(cli):
    """A stream that is cut after the task's first event: the wait goes on by asking for the task until it has ended; a
    refused stream is replaced by SendMessage."""
    script = answers(SendStreamingMessage=[{"task": task_of("WORKING")}, CUT],
                     SubscribeToTask=lambda request: rpc_error(request, -32004, reason="UNSUPPORTED_OPERATION"),
                     GetTask=(task_of("WORKING"), task_of("COMPLETED")))
    with Scripted(script, capabilities={"streaming": True}) as agent:
        done = cli.run("send", "-a", agent.url, "x", "-o", "json", "--poll-interval", "20ms")
        assert json.loads(done.stdout)["task"]["status"]["state"] == "TASK_STATE_COMPLETED", done
    script = answers(SendStreamingMessage=lambda request: rpc_error(request, -32004, reason="UNSUPPORTED_OPERATION"),
                     SendMessage=COMPLETED)
    with Scripted(script, capabilities={"streaming": True}) as agent:
        assert cli.run("send", "-a", agent.url, "x").returncode == 0


@check("A2ACLI_OUT_001")
def standard_output(cli):
    """Text, JSON and JSON Lines of send, task get and task cancel name task, context and state on stdout; with --debug
    stdout is unchanged."""
    task = cli.json("send", "wait 60", "--async")["task"]
    outputs = [cli.talk("task", "get", task["id"]), cli.talk("task", "cancel", task["id"])]
    for done in outputs:
        shown = fields(done.stdout)
        assert shown["Task ID"] == task["id"] and shown["Context ID"] == task["contextId"] and shown["State"]
    plain, debug = (cli.talk("task", "get", task["id"], *more) for more in ([], ["--debug"]))
    assert plain.stdout == debug.stdout and "debug:" in debug.stderr and not plain.stderr.count("debug:")
    tail = cli.talk("send", "count 2", "--stream").stdout
    assert {"Task ID", "Context ID", "State"} <= set(fields(tail[tail.rindex("Task ID: "):]))


@check("A2ACLI_OUT_002")
def one_document(cli):
    """`-o json` prints exactly one line, the final task or the message, whatever the environment says of --stream."""
    done = cli.talk("send", "count 20", "-o", "json", env={"A2ACLI_STREAM": "true"})
    assert done.stdout.count("\n") == 1
    response = json.loads(done.stdout)
    assert list(response) == ["task"] and response["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    assert list(cli.json("send", "reply hi")) == ["message"]
    assert "status" in cli.json("task", "get", response["task"]["id"])


@check("A2ACLI_OUT_003")
def json_lines(cli):
    """Each line of `-o json --stream` is one StreamResponse, written when it occurs (the first is read while the task
    still works); the last one is terminal; an error that ends the stream is a line of its own."""
    running = cli.start("send", "wait 60", "-a", cli.agent, "-o", "json", "--stream")
    first = json.loads(running.stdout.readline())
    task_id = (first.get("task") or first.get("statusUpdate"))
    task_id = task_id.get("id") or task_id.get("taskId")
    cli.talk("task", "cancel", task_id)
    last = json.loads(running.communicate(timeout=30)[0].splitlines()[-1])
    assert last["statusUpdate"]["status"]["state"] == "TASK_STATE_CANCELED", last
    broken = [{"task": task_of("WORKING")},
              json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "broken"}})]
    with Scripted(answers(SendStreamingMessage=broken), capabilities={"streaming": True}) as agent:
        done = cli.run("send", "-a", agent.url, "x", "-o", "json", "--stream")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 1 and list(lines[0]) == ["task"] and lines[-1]["error"]["code"] == "InternalError", done


@check("A2ACLI_OUT_004")
def errors(cli):
    """TaskNotFoundError from JSON-RPC and from HTTP+JSON gives the same code, message and status; each A2A error of a
    scripted agent keeps its name; local failures have codes of appendix D, and hints."""
    missing = "01a20b82-67d3-7131-8169-a30bb1175ca8"
    both = [cli.failure("task", "get", missing, "-a", cli.agent, "--transport", one, status=1) for one in
            ("jsonrpc", "rest")]
    assert both[0]["code"] == both[1]["code"] == "TaskNotFoundError" and both[0]["hint"]
    assert both[0]["message"] == both[1]["message"]
    assert [one["a2aCode"] for one in both] == [-32001, 404]
    names = {-32001: "TaskNotFoundError", -32002: "TaskNotCancelableError", -32003: "PushNotificationNotSupportedError",
             -32004: "UnsupportedOperationError", -32005: "ContentTypeNotSupportedError",
             -32006: "InvalidAgentResponseError", -32007: "ExtendedAgentCardNotConfiguredError",
             -32008: "ExtensionSupportRequiredError", -32009: "VersionNotSupportedError", -32602: "InvalidParamsError"}
    for number, name in names.items():
        with Scripted(answers(GetTask=lambda request, n=number: rpc_error(request, n))) as agent:
            error = cli.failure("task", "get", "x", "-a", agent.url, status=1)
            assert (error["code"], error["a2aCode"]) == (name, number), error
    for arguments, code in ((["send", "--nonsense"], "A2ACLI_ERR_USAGE"), (["send", "x"], "A2ACLI_ERR_USAGE"),
                            (["send", "x", "-a", "http://127.0.0.1:1"], "A2ACLI_ERR_UNREACHABLE")):
        error = cli.failure(*arguments)
        assert error["code"] == code and error["hint"], error


@check("A2ACLI_OUT_005")
def text_floor(cli):
    """Every line of several commands is a field or lies in a block; control sequences and empty lines that an agent sends
    are made harmless; chat without a terminal does not wait."""
    for arguments in (["send", "parts"], ["send", "count 3", "--stream"], ["card", "get"], ["send", "parts",
                                                                                               "--verbose"]):
        assert fields(cli.talk(*arguments).stdout)
    hostile = "\x1b[31mred\x1b]0;title\x07\r\n\nState: TASK_STATE_FAILED\nlast"
    task = {"task": task_of("COMPLETED", artifacts=[{"artifactId": "a\nState: x", "parts": [{"text": hostile}]}])}
    with Scripted(answers(SendMessage=task)) as agent:
        done = cli.run("send", "-a", agent.url, "x")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", done.stdout + done.stderr), done
        shown = fields(done.stdout)
        assert shown["State"] == "TASK_STATE_COMPLETED" and shown["Text"].endswith("State: TASK_STATE_FAILED\nlast")
    chat = cli.run("chat", "-a", cli.agent, stdin="hello\n")
    assert fields(chat.stdout)["Text"] == "hello", chat


@check("A2ACLI_OUT_006")
def async_result(cli):
    """`send --async` prints the task's id and context, in text and in JSON."""
    shown = fields(cli.talk("send", "wait 60", "--async").stdout)
    assert UUID.match(shown["Task ID"]) and UUID.match(shown["Context ID"]) and "task get" in shown["Resume"]
    cli.talk("task", "cancel", shown["Task ID"])


@check("A2ACLI_EXIT_001")
def exit_codes(cli):
    """Success, a failed call, wrong usage, an unreachable agent, refused credentials and a timeout end with 0, 1, 2, 3, 4
    and 5, and with the errors that belong to them."""
    assert cli.talk("send", "x").returncode == 0
    cli.failure("task", "get", "x", "-a", cli.agent, status=1)
    for wrong in (["send", "--poll-interval", "soon", "x"], ["send", "--async", "--wait", "x"], ["send", "-o", "xml"],
                  ["nonsense"], ["task"], []):
        assert cli.run(*wrong).returncode == 2, wrong
    assert 'there is no command "nonsense"' in cli.failure("nonsense")["message"]
    cli.failure("send", "x", "-a", "http://127.0.0.1:1", status=3)
    with Scripted(lambda request: Answer(401, {})) as agent:
        assert cli.failure("send", "x", "-a", agent.url, status=4)["code"] == "A2ACLI_ERR_CREDENTIALS_MISSING"
        assert cli.failure("send", "x", "-a", agent.url, "--bearer", SECRET,
                           status=4)["code"] == "A2ACLI_ERR_AUTH_FAILED"
    cli.failure("send", "wait 60", "-a", cli.agent, "--timeout", "300ms", status=5)


@check("A2ACLI_EXIT_002")
def outcomes(cli):
    """Tasks that fail, are rejected, or wait for input or authorisation end with status 0 and a warning on stderr."""
    for word, state, warning in (("fail x", "FAILED", "failed"), ("reject", "REJECTED", "rejected"),
                                 ("ask", "INPUT_REQUIRED", "input"), ("login", "AUTH_REQUIRED", "authorised")):
        done = cli.talk("send", word)
        assert fields(done.stdout)["State"] == f"TASK_STATE_{state}"
        assert done.stderr.startswith("Warning: ") and warning in done.stderr, done.stderr


def schemes(**scheme):
    return {"securitySchemes": {"s": scheme}, "securityRequirements": [{"schemes": {"s": {"list": []}}}]}


@check("A2ACLI_AUTH_001")
def credentials(cli):
    """Recorded requests: a bearer token, and an API key in the header, the cookie and the query that the card's scheme
    names, from flags and from variables; --svc-param becomes a header, and its help says nothing of authentication."""
    bearer = schemes(httpAuthSecurityScheme={"scheme": "Bearer"})
    with Scripted(answers(SendMessage=COMPLETED), **bearer) as agent:
        cli.run("send", "x", "-a", agent.url, "--bearer", SECRET, "--svc-param", "x-trace-id: abc")
        cli.run("send", "x", "-a", agent.url, env={"A2ACLI_BEARER": SECRET})
        calls = agent.calls()
        assert [one.headers["authorization"] for one in calls] == [f"Bearer {SECRET}"] * 2
        assert calls[0].headers["x-trace-id"] == "abc"
        assert all("authorization" not in one.headers for one in agent.requests if not one.operation)
    for place in ("header", "cookie", "query"):
        key = schemes(apiKeySecurityScheme={"location": place, "name": "x-key"})
        with Scripted(answers(SendMessage=COMPLETED), **key) as agent:
            cli.run("send", "x", "-a", agent.url, env={"A2ACLI_API_KEY": SECRET})
            call = agent.calls()[0]
            found = {"header": call.headers.get("x-key"), "cookie": call.headers.get("cookie"),
                     "query": call.url.query}[place]
            assert found == (SECRET if place == "header" else f"x-key={SECRET}"), (place, found)
    help_text = re.search(r"--svc-param.*?(?=\n  -)", cli.run("send", "--help").stdout, re.S).group()
    assert not re.search("auth|credential|token|secret", help_text, re.I), help_text


@check("A2ACLI_AUTH_002")
def credential_variables(cli):
    """A flag wins over its variable, a variable over a file; the help of each credential flag says that a flag is seen in
    the process table and the shell's history."""
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        (cli.cwd / ".env").write_text("A2ACLI_BEARER=from-file\n")
        (cli.cwd / ".env").chmod(0o600)
        cli.run("send", "x", "-a", agent.url)
        cli.run("send", "x", "-a", agent.url, env={"A2ACLI_BEARER": "from-variable"})
        cli.run("send", "x", "-a", agent.url, "--bearer", "from-flag", env={"A2ACLI_BEARER": "from-variable"})
        (cli.cwd / ".env").unlink()
        assert [one.headers["authorization"] for one in agent.calls()] == ["Bearer from-file", "Bearer from-variable",
                                                                           "Bearer from-flag"]
    text = " ".join(cli.run("send", "--help").stdout.split())
    for flag, variable in (("--bearer", "A2ACLI_BEARER"), ("--api-key", "A2ACLI_API_KEY")):
        told = text[text.index(flag + " "):][:330]
        assert variable in told and "process table" in told and "history" in told, told


@check("A2ACLI_AUTH_003")
def insecure(cli):
    """An agent whose certificate nobody has signed for: refused without --insecure, also with -o json; with it the call
    works, and stderr has a security warning, which names the credentials when there are some."""
    certificates = Certificates(cli.home / "certificates")
    with Scripted(answers(SendMessage=COMPLETED), tls=certificates.context()) as agent:
        assert cli.failure("send", "x", "-a", agent.url, status=3)["code"] == "A2ACLI_ERR_UNREACHABLE"
        assert not agent.requests
        with_token = cli.run("send", "x", "-a", agent.url, "--insecure", "--bearer", SECRET)
        assert with_token.returncode == 0 and "Warning: SECURITY" in with_token.stderr, with_token
        assert "credentials" in with_token.stderr and SECRET not in with_token.stderr
        without = cli.run("send", "x", "-a", agent.url, env={"A2ACLI_INSECURE": "true"})
        assert without.returncode == 0 and "--insecure turns the verification" in without.stderr, without
        assert "SECURITY" not in without.stderr
        as_parameter = cli.run("send", "x", "-a", agent.url, "--insecure", "--svc-param", f"x-auth-token:{SECRET}")
        assert "Warning: SECURITY" in as_parameter.stderr, as_parameter
        card = cli.run("card", "get", "-a", agent.url, "--insecure")
        assert card.returncode == 0 and "--insecure turns the verification" in card.stderr, card
        trusted = cli.run("send", "x", "-a", agent.url, "--ca-file", certificates.path("ca.pem"))
        assert trusted.returncode == 0 and "Warning" not in trusted.stderr, trusted


@check("A2ACLI_AUTH_004")
def redaction(cli):
    """A bearer token, an API key in a header, a cookie and a query, and service parameters never appear in stdout or
    stderr, with --debug and --verbose, in text and in JSON, also when the agent says them back in an error."""
    def echo(request):
        return rpc_error(request, -32603, f"you sent {request.headers} {request.url.query}")
    for place in ("header", "cookie", "query"):
        key = schemes(apiKeySecurityScheme={"location": place, "name": "k"})
        with Scripted(echo, **key) as agent:
            for more in (["-o", "json"], ["-o", "text"]):
                done = cli.run("send", "x", "-a", agent.url, "--api-key", SECRET, "--bearer", SECRET + "b",
                               "--svc-param", f"X-Auth-Token: {SECRET}c", "--svc-param", f"authorization: Basic {SECRET}d",
                               "--debug", "--verbose", *more)
                assert "debug:" in done.stderr and SECRET not in done.stdout + done.stderr, done


@check("A2ACLI_TX_001")
def card_order(cli):
    """The first interface of the card that the tool speaks is used: HTTP+JSON when it comes first, the second when the
    first is of an unknown binding."""
    with Scripted(lambda request: Answer(200, COMPLETED)) as agent:
        rpc, rest = ({"url": agent.url, "protocolBinding": one, "protocolVersion": "1.0"} for one in ("JSONRPC",
                                                                                                   "HTTP+JSON"))
        odd = {"url": "carrier://pigeon", "protocolBinding": "PIGEON", "protocolVersion": "1.0"}
        for interfaces, path in (([rest, rpc], "/message:send"), ([odd, rest], "/message:send")):
            agent.card_changes["supportedInterfaces"] = interfaces
            assert cli.run("send", "x", "-a", agent.url).returncode == 0
            assert agent.requests[-1].path == path


@check("A2ACLI_TX_002")
def transport_preference(cli):
    """--transport, in the card's and in the short spelling, is an ordered preference: a binding that the card lacks is
    skipped, and without a match the card's order holds."""
    for flags, binding in ((["--transport", "rest"], "HTTP+JSON"), (["--transport", "HTTP+JSON"], "HTTP+JSON"),
                           (["--transport", "urn:x:none", "--transport", "rest", "--transport", "jsonrpc"], "HTTP+JSON"),
                           (["--transport", "JSONRPC"], "JSONRPC"), (["--transport", "urn:x:none"], "JSONRPC")):
        done = cli.talk("task", "list", "--debug", *flags)
        assert f"uses {binding} 1.0" in done.stderr, (flags, done.stderr)


@check("A2ACLI_TX_003")
def tenant(cli):
    """The tenant of the chosen interface is in every request of a scripted agent, and there is none when the interface
    declares none."""
    script = answers(SendMessage=COMPLETED, GetTask=task_of("COMPLETED"), CancelTask=task_of("CANCELED"),
                     ListTasks={"tasks": [], "nextPageToken": "", "pageSize": 1, "totalSize": 0})
    for name in ("acme", ""):
        with Scripted(script) as agent:
            one = {"url": agent.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
            agent.card_changes["supportedInterfaces"] = [{**one, "tenant": name} if name else one]
            for command in (["send", "x"], ["task", "get", "1"], ["task", "cancel", "1"], ["task", "list"]):
                assert cli.run(*command, "-a", agent.url).returncode == 0, command
            assert len(agent.calls()) == 4
            assert all(call.params.get("tenant", "") == name for call in agent.calls())
            assert name or all("tenant" not in call.params for call in agent.calls())


@check("A2ACLI_VER_001")
def versions(cli):
    """Every recorded request, the card's included, carries A2A-Version 1.0; an agent that offers 0.3 only is refused with
    VersionNotSupportedError; so is a version that it does not offer; an agent's own refusal is passed on."""
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        cli.run("send", "x", "-a", agent.url)
        assert [one.headers.get("a2a-version") for one in agent.requests] == ["1.0", "1.0"]
        assert cli.failure("send", "x", "-a", agent.url, "--a2a-version", "9.9",
                           status=1)["code"] == "VersionNotSupportedError"
        agent.card_changes["supportedInterfaces"] = [{"url": agent.url, "protocolBinding": "JSONRPC",
                                                      "protocolVersion": "0.3"}]
        assert cli.failure("send", "x", "-a", agent.url, status=1)["code"] == "VersionNotSupportedError"
        assert len(agent.calls()) == 1
    with Scripted(answers(SendMessage=lambda request: rpc_error(request, -32009))) as agent:
        assert cli.failure("send", "x", "-a", agent.url, status=1)["code"] == "VersionNotSupportedError"


# The breakdown of A2ACLI_DEFAULT_001: the default, and the flag that overrides it.
DEFAULTS = []


def default(name):
    def register(function):
        DEFAULTS.append((name, function))
        return function
    return register


@default("Transport — server preference order")
def default_transport(cli):
    assert "uses JSONRPC" in cli.talk("task", "list", "--debug").stderr
    assert "uses HTTP+JSON" in cli.talk("task", "list", "--debug", "--transport", "rest").stderr


@default("Task completion — wait by default")
def default_wait(cli):
    assert cli.json("send", "wait 1")["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    task = cli.json("send", "wait 60", "--async")["task"]
    assert task["status"]["state"] != "TASK_STATE_COMPLETED"
    cli.talk("task", "cancel", task["id"])
    again = cli.json("send", "wait 1", "--wait", env={"A2ACLI_ASYNC": "true"})["task"]
    assert again["status"]["state"] == "TASK_STATE_COMPLETED"


@default("Output — human-readable `text`")
def default_output(cli):
    assert "State: " in cli.talk("send", "x").stdout
    assert cli.json("send", "x")["task"]
    assert "State: " in cli.talk("send", "x", "-o", "text", env={"A2ACLI_OUTPUT": "json"}).stdout


@default("Detail level — concise")
def default_detail(cli):
    concise, verbose = (cli.talk("send", "x", *more).stdout for more in ([], ["--verbose"]))
    assert "Sent Message ID: " in verbose and "Sent Message ID: " not in concise and len(verbose) > len(concise)


@default("Protocol version — highest mutually supported, never below 1.0")
def default_version(cli):
    assert "uses JSONRPC 1.0" in cli.talk("task", "list", "--debug").stderr
    assert "uses JSONRPC 1.0" in cli.talk("task", "list", "--debug", "--a2a-version", "1.0").stderr


@default("Transport security — TLS verification on")
def default_tls(cli):
    insecure(cli)


@check("A2ACLI_DEFAULT_001")
def defaults(cli):
    """Each row of the breakdown below is checked with and without its flag; the help names the effective defaults."""
    for name, function in DEFAULTS:
        try:
            function(cli)
        except AssertionError as fault:
            raise AssertionError(f"{name}: {fault}") from fault
    text = cli.run("send", "--help").stdout
    for expected in ("default text", "default 2s", "default true", "the card's order", "never below 1.0"):
        assert expected in " ".join(text.split()), expected


@check("A2ACLI_CONFIG_001")
def configuration(cli):
    """Files are read from ~/.config/a2a-cli; a secret in a file that others may read brings a warning that names the
    remedy; `config show` lists the values without secrets and changes nothing; no file holds a task's id."""
    directory = cli.home / ".config" / "a2a-cli"
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / ".env"
    file.write_text(f"A2ACLI_BEARER={SECRET}\nA2ACLI_AGENT_CARD={cli.agent}\n")
    file.chmod(0o644)
    before = file.read_bytes()
    try:
        done = cli.run("config", "show")
        assert "chmod 600" in done.stderr and SECRET not in done.stdout + done.stderr, done
        assert f"agent-card: {cli.agent}" in done.stdout and str(file) in done.stdout
        assert cli.run("send", "x").returncode == 0
        assert file.read_bytes() == before
    finally:
        file.unlink()


@check("A2ACLI_CLI_001")
def tool_help(cli):
    """`help`, `help COMMAND`, --help of every command and -v end with 0 and say what they should; the help of `send` shows
    the defaults."""
    overview = cli.run("help")
    assert overview.returncode == 0 and "task get" in overview.stdout and "Examples:" in overview.stdout
    assert cli.run("--help").stdout == overview.stdout
    for command in re.findall(r"^  ([a-z][a-z -]*?)  ", overview.stdout.split("Commands:")[1].split("\n\n")[0], re.M):
        done = cli.run(*command.split(), "--help")
        assert done.returncode == 0 and f"Usage: a2akit {command}" in done.stdout, (command, done)
        assert cli.run("help", *command.split()).stdout == done.stdout, command
    for flag in ("-v", "--version"):
        assert re.fullmatch(r"a2akit \d+\.\d+\.\d+\n", cli.run(flag).stdout)
    assert "default 2s" in cli.run("send", "-h").stdout


@check("A2ACLI_SKILL_001")
def skill(cli):
    """`skill` prints one SKILL.md with name, description and compatibility, below 3,000 bytes, that points to the help and
    names few of the commands; --install writes it below .agents/skills, with the examples beside it."""
    text = cli.run("skill").stdout
    head, body = text.split("---\n", 2)[1:]
    assert re.search("^name: a2akit$", head, re.M) and "description: " in head and "compatibility: " in head
    assert len(text) < 3000 and "a2akit help" in body and "push-config" not in body and "--context-id" in body
    done = cli.run("skill", "--install", cli.home)
    installed = cli.home / ".agents" / "skills" / "a2akit"
    assert done.returncode == 0 and (installed / "SKILL.md").read_text() == text
    assert (installed / "references" / "examples.md").exists()
    assert len(list(cli.home.rglob("SKILL.md"))) == 1


@check("A2ACLI_SKILL_002")
def skill_is_guidance(cli):
    """The skill has none of the specification's key words, identifiers and section numbers."""
    assert not re.search(r"\bMUST\b|\bSHOULD\b|\bMAY\b|§|A2ACLI_[A-Z]+_\d", cli.run("skill").stdout)
