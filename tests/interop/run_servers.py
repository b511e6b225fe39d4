"""Runs our client library and command line against agents that official SDKs serve.

usage: run_servers.py SERVER INTEROP_CLIENT INTEROP_AGENT A2AKIT WORK_FOLDER BINDING...   (SERVER: a name of SERVERS)
       run_servers.py table WORK_FOLDER NAME...         compares docs/interop.md with what was done with those servers
       run_servers.py write-table WORK_FOLDER NAME...   writes it there

The SDKs are installed as run.py does it, in the same folders. Of each server: the client library runs every operation over
each version and binding that it offers, side by side; then the command line does so; then an agent of ours calls
the agent, which calls ours, once and in a circle; and a task of ours that waits for a task there is cancelled.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402

SERVERS_FOLDER = run.HERE / "servers"
BEGIN, END = "<!-- table: written by tests/interop/run_servers.py -->\n", "<!-- end of the table of servers -->\n"


def install_python(work):
    return run.install_python(work / "python", client="servers/python_server.py")


def install_python_0_3(work):
    return run.install_python(work / "python_0.3.26", "requirements-0.3.txt", "servers/python_0_3_server.py", "0.3.26")


def beside_node_modules(command, script):
    """Node looks for packages from the folder of the script."""
    return ["node", run.place(SERVERS_FOLDER / script, pathlib.Path(command[1]).parent)]


def install_js(work):
    return beside_node_modules(run.install_js(work / "js"), "js_server.mjs")


def install_js_0_3(work):
    return beside_node_modules(run.install_js_0_3(work / "js_0_3"), "js_0_3_server.mjs")


def install_go(work):
    return [run.go_program.build(run.HERE / "go", "./server", work / "go", "go_server")]


def install_rust(work):
    """Built together with the client."""
    return [run.install_rust(work / "rust")[0].with_name("rust_server")]


RUST = "Rust a2a-server-lf " + run.version_in("rust/Cargo.toml", r'^a2a-server-lf .*"=(.*?)"')
# How it is installed, what the table calls it, and the versions of the protocol that it offers.
SERVERS = {
    "python": (install_python, run.CLIENTS["python"][1], ("1.0", "0.3")),
    "python_0.3.26": (install_python_0_3, run.CLIENTS["python_0.3.26"][1], ("0.3",)),
    "js": (install_js, run.CLIENTS["js"][1], ("1.0", "0.3")),
    "js_0_3": (install_js_0_3, run.CLIENTS["js_0_3"][1], ("0.3",)),
    "go": (install_go, run.CLIENTS["go"][1], ("1.0", "0.3")),
    "rust": (install_rust, RUST, ("1.0",)),
}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRANSPORTS = {"JSONRPC": "jsonrpc", "HTTP+JSON": "rest", "GRPC": "grpc"}


@contextlib.contextmanager
def started(command):
    """The URL of an agent, which is ended afterwards."""
    # A circle of agents takes a while, and Python's client gives up after five seconds without a sign of life.
    settings = {**run.PATIENT, "A2AKIT_HEARTBEAT": "1"}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **settings})
    try:
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"{command[-1]} did not start")
        yield url
    finally:
        server.stdin.close()
        server.terminate()
        server.wait(timeout=60)


def run_library(client, name, version, url, binding):
    """What it has checked, or None when it has failed."""
    try:
        ran = subprocess.run([client, name, version, url, binding], timeout=run.TIMEOUT_S, check=False, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as error:
        print(f"== {version} {binding}: not done after {run.TIMEOUT_S} s\n{error.stdout}")
        return None
    lines = ran.stdout.strip().splitlines()
    print(f"== {version} {binding}\n{ran.stdout}", flush=True)
    if ran.returncode != 0 or not lines or not lines[-1].startswith("checked: "):
        return None
    return lines[-1].removeprefix("checked: ")


class CommandLine:
    """The commands of a2akit, for one agent over one binding."""

    def __init__(self, program, url, version, transport):
        self.command = [program]
        self.agent = ["-a", url, "--a2a-version", version, "--transport", transport, "-o", "json"]
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("A2ACLI_")}

    def text(self, *arguments, status=0):
        ran = subprocess.run([*self.command, *arguments, *self.agent], timeout=run.TIMEOUT_S, check=False, text=True,
                             capture_output=True, env=self.environment)
        assert ran.returncode == status, f"{arguments}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def json(self, *arguments):
        return json.loads(self.text(*arguments))


def state_of(task):
    return task["status"]["state"]


def last_state(events):
    """The last event is the task where the agent was quicker than the stream."""
    return state_of(events[-1].get("statusUpdate") or events[-1]["task"])


def check_command_line(a2akit, version):
    task = a2akit.json("send", "echo hi")["task"]
    assert state_of(task) == "TASK_STATE_COMPLETED", task
    assert task["artifacts"][0]["parts"][0]["text"] == "Echo: echo hi", task
    events = [json.loads(line) for line in a2akit.text("send", "--stream", "count").splitlines()]
    assert last_state(events) == "TASK_STATE_COMPLETED", events
    got = a2akit.json("task", "get", task["id"])
    assert got["id"] == task["id"], got
    if version == "1.0":
        listed = a2akit.json("task", "list", "--context-id", task["contextId"])
        assert [entry["id"] for entry in listed["tasks"]] == [task["id"]], listed
    waiting = a2akit.json("send", "--async", "wait")
    waiting = waiting.get("task", waiting)
    canceled = a2akit.json("task", "cancel", waiting["id"])
    assert state_of(canceled) == "TASK_STATE_CANCELED", canceled
    a2akit.text("task", "get", "00000000-0000-4000-8000-000000000000", status=1)


def check_relay(a2akit, version, binding, ours, theirs):
    """Ours has theirs ask ours, and the trace and the number of agents reach theirs, which passes them on. What theirs asks
    with is the first that its SDK's client takes from our card."""
    answer = relayed(a2akit, f"relay {version} {binding} {theirs} relay {ours} echo hi")
    assert answer == "Echo: echo hi", answer
    answer = relayed(a2akit, f"relay {version} {binding} {theirs} relay {ours} headers")
    assert answer == f"{TRACE} 1", answer


def check_circle(a2akit, version, binding, ours, theirs):
    """Ours asks theirs, which asks ours, and so on; each time it passes through ours, the number of agents grows."""
    answer = relayed(a2akit, f"circle {version} {binding} {theirs} {ours}")
    assert "passed through 16 agents" in answer, answer


def relayed(a2akit, words):
    task = a2akit.json("send", words, "--svc-param", f"traceparent:{TRACE}")["task"]
    assert state_of(task) == "TASK_STATE_COMPLETED", task
    return task["artifacts"][0]["parts"][0]["text"]


def check_cancelled_relay(a2akit, at_theirs, binding, theirs):
    """Cancelling the task of ours cancels the one that it has given to theirs, which has the same context."""
    def states(context):
        return [state_of(task) for task in at_theirs.json("task", "list", "--context-id", context)["tasks"]]

    task = a2akit.json("send", "--async", f"relay 1.0 {binding} {theirs} wait")
    task = task.get("task", task)
    wait_until(lambda: states(task["contextId"]) == ["TASK_STATE_WORKING"])
    canceled = a2akit.json("task", "cancel", task["id"])
    assert state_of(canceled) == "TASK_STATE_CANCELED", canceled
    wait_until(lambda: states(task["contextId"]) == ["TASK_STATE_CANCELED"])


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.05)


def check_server(name, client, agent, program, work, bindings):
    result = work / f"server_{name}.result"
    result.unlink(missing_ok=True)
    installed_by, _, versions = SERVERS[name]
    command, failed = run.install(name, lambda _: installed_by(work), work)
    if failed:
        return failed
    offered = [(version, binding) for version in versions for binding in bindings]
    with started(command) as theirs, started([agent]) as ours:
        with concurrent.futures.ThreadPoolExecutor(len(offered)) as side_by_side:
            checked = list(side_by_side.map(lambda one: run_library(client, name, one[0], theirs, one[1]), offered))
        if None in checked:
            return 1
        at_ours = CommandLine(program, ours, "1.0", "jsonrpc")
        for version, binding in offered:
            at_theirs = CommandLine(program, theirs, version, TRANSPORTS[binding])
            check_command_line(at_theirs, version)
            check_relay(at_ours, version, binding, ours, theirs)
            check_circle(at_ours, version, binding, ours, theirs)
            if version == "1.0":  # in 0.3 no list tells what theirs has been given
                check_cancelled_relay(at_ours, at_theirs, binding, theirs)
    rows = [[version, binding, what + ", command line, relay, trace, circle" + (", cancelled relay" if version == "1.0" else "")]
            for (version, binding), what in zip(offered, checked)]
    result.write_text(json.dumps(rows))
    return 0


def table_rows(work, names):
    yield "| server | protocol | binding | checked |\n|---|---|---|---|\n"
    for name in names:
        for version, binding, checked in json.loads((work / f"server_{name}.result").read_text()):
            yield f"| {SERVERS[name][1]} | {version} | {binding} | {checked} |\n"


def table(work, names, write):
    missing = [name for name in names if not (work / f"server_{name}.result").exists()]
    if missing:
        print(f"these servers have not been called to the end: {', '.join(missing)}")
        return 1 if os.environ.get("CI") == "true" else run.SKIPPED
    return run.compare_table(BEGIN, END, "".join(table_rows(work, names)), write,
                             f"tests/interop/run_servers.py write-table {work} {' '.join(names)}")


def main():
    what, *arguments = sys.argv[1:]
    if what in ("table", "write-table"):
        return table(pathlib.Path(arguments[0]), arguments[1:], what == "write-table")
    client, agent, program, folder, *bindings = arguments
    work = pathlib.Path(folder)
    work.mkdir(parents=True, exist_ok=True)
    return check_server(what, client, agent, program, work, bindings)


if __name__ == "__main__":
    sys.exit(main())
