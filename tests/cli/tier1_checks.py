"""The checks of tier 1 of the specification of a2a-cli: messages, tasks, and what is written about them."""
import json
import re
import signal
import subprocess
import time

from registry import check
from support import Answer, CUT, Scripted, SECRET, fields, rpc_error, task_of

UUID = re.compile(r"^[0-9a-f-]{36}$")


def answers(**by_operation):
    """A script that gives each operation its answers in turn; the last one is repeated."""
    left = {name: list(answer) if isinstance(answer, tuple) else [answer] for name, answer in by_operation.items()}

    def answer(request):
        queue = left[request.operation]
        given = queue.pop(0) if len(queue) > 1 else queue[0]
        return given(request) if callable(given) else given
    return answer


def schemes(**scheme):
    return {"securitySchemes": {"s": scheme}, "securityRequirements": [{"schemes": {"s": {"list": []}}}]}


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
