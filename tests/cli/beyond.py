#!/usr/bin/env python3
"""The commands that the specification of a2a-cli does not have: bench, audit, plugins, and the manual page.

usage: beyond.py A2AKIT
"""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

from support import SECRET, Certificates, Cli, card_of, live_agent, task_of


def check_bench(cli):
    done = cli.json("bench", "--clients", "2", "--duration", "500ms")
    assert done["messages"] > 0 and done["errors"] == {} and done["milliseconds"]["p50"] > 0, done
    assert cli.json("bench", "--clients", "1", "--duration", "500ms", "--stream")["messages"] > 0
    unreachable = cli.run("bench", "-a", "http://127.0.0.1:1", "--duration", "500ms")
    assert unreachable.returncode == 3, unreachable


def check_audit(cli):
    recorded = cli.talk("send", "count 5", "-o", "json", "--stream").stdout
    assert cli.run("audit", stdin=recorded).returncode == 0

    def piece(**more):
        return {"artifactUpdate": {"taskId": "task-1", "contextId": "context-1",
                                   "artifact": {"artifactId": "a", "parts": [{"text": "x"}]}, **more}}

    def status(state):
        return {"statusUpdate": {"taskId": "task-1", "contextId": "context-1", "status": {"state": f"TASK_STATE_{state}"}}}
    begun, ended = {"task": task_of("WORKING")}, status("COMPLETED")
    for events, fault in (([begun, piece(append=True), ended], "never begun"),
                          ([begun, piece(lastChunk=True), piece(append=True), ended], "after its last chunk"),
                          ([begun, ended, piece()], "follows the end"), ([piece(), ended], "does not begin with"),
                          ([begun, status("SUBMITTED"), ended], "back from working"), ([begun], "before the task has settled"),
                          ([begun, {"task": task_of("COMPLETED", task_id="task-2")}], "another task"),
                          (["nonsense", begun, ended], "line 1: not a StreamResponse")):
        lines = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in events)
        done = cli.run("audit", stdin=lines)
        assert done.returncode == 1 and fault in done.stdout, (fault, done)


def check_recordings(cli):
    recording = cli.cwd / "stream.jsonl"
    assert cli.json("record", "count 5", "--to", recording) == {"events": len(recording.read_text().splitlines())}
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    times = [line["afterMs"] for line in lines]
    assert times == sorted(times) and "task" in lines[0]["event"], lines
    assert cli.run("audit", recording).returncode == 0
    # A recording is not written over, and one that could not begin leaves nothing behind.
    assert cli.failure("record", "x", "--to", recording, "-a", cli.agent, status=2)["message"].endswith("name another one")
    cli.failure("record", "x", "--to", cli.cwd / "none.jsonl", "-a", "http://127.0.0.1:1", status=3)
    cli.failure("record", "--subscribe", "nothing", "--to", cli.cwd / "none.jsonl", "-a", cli.agent, status=1)
    assert not (cli.cwd / "none.jsonl").exists()
    cli.failure("record", "--to", cli.cwd / "none.jsonl", "-a", cli.agent, status=2)

    printed = cli.run("replay", recording, "--speed", "0", "-o", "json").stdout.splitlines()
    assert [json.loads(line) for line in printed] == [line["event"] for line in lines], printed
    gap = cli.cwd / "gap.jsonl"
    gap.write_text("".join(json.dumps({**line, "afterGap": at == 1}) + "\n" for at, line in enumerate(lines)))
    done = cli.run("audit", gap)
    assert done.returncode == 1 and "line 2: the stream was cut before this event" in done.stdout, done
    for content, fault in (("", "holds no event"), ("[]\n", "line 1: not an event"), ('{"event":{}}\n', "line 1: not an event")):
        gap.write_text(content)
        failed = cli.run("replay", gap)
        assert failed.returncode == 2 and fault in failed.stderr, failed


def check_replaying_agent(cli, program):
    """The agent gives the recorded artifacts, statuses and end again."""
    for said in ("count 5", "parts", "ask", "login", "fail for good", "reject", "reply hi"):
        recording = cli.cwd / f"{said.split()[0]}.jsonl"
        cli.json("record", said, "--to", recording)
        recorded = cli.json("send", said)
        with live_agent(program, recording, "--serve", "--speed", "0", command="replay") as url:
            replayed = Cli(program, url).json("send", "again")
        if "message" in recorded:
            assert replayed["message"]["parts"] == recorded["message"]["parts"], replayed
            continue
        before, after = recorded["task"], replayed["task"]
        assert after["status"]["state"] == before["status"]["state"], after
        assert [one["parts"] for one in after.get("artifacts", [])] == [one["parts"] for one in before.get("artifacts", [])], after
        if "message" in before["status"]:
            assert after["status"]["message"]["parts"] == before["status"]["message"]["parts"], after
    cut = cli.cwd / "cut.jsonl"
    cut.write_text("".join((cli.cwd / "count.jsonl").read_text().splitlines(keepends=True)[:3]))
    with live_agent(program, cut, "--serve", "--speed", "0", command="replay") as url:
        failed = Cli(program, url).json("send", "again")["task"]
    assert failed["status"]["message"]["parts"][0]["text"] == "the recording ends before its task does", failed


def check_plugins(cli):
    tools = cli.home / "tools"
    tools.mkdir()
    plugin = tools / "a2a-greet"
    plugin.write_text('#!/bin/sh\necho "greets $*"\n')
    plugin.chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin"}
    refused = cli.run("greet", env=environment)
    assert refused.returncode == 2 and "plugin set-enabled greet on" in refused.stderr, refused
    assert json.loads(cli.run("plugin", "list", "-o", "json", env=environment).stdout) == [
        {"name": "greet", "path": str(plugin), "enabled": False}]
    assert cli.run("plugin", "set-enabled", "greet", "on", env=environment).returncode == 0
    assert cli.run("greet", "--to", "Ada", env=environment).stdout == "greets --to Ada\n"
    # Another program of that name, earlier on the PATH, is not what was enabled.
    other = cli.home / "other"
    other.mkdir()
    shutil.copy("/bin/false", other / "a2a-greet")
    assert cli.run("greet", env={"PATH": f"{other}:{environment['PATH']}"}).stdout == "greets \n"
    assert cli.run("plugin", "set-enabled", "greet", "off", env=environment).returncode == 0
    assert cli.run("greet", env=environment).returncode == 2
    assert cli.run("plugin", "set-enabled", "missing", "on", env=environment).returncode == 2


def check_transport_plugin(cli):
    """A card that names a binding of a plugin's is reached through the plugin, once that is enabled."""
    tools = cli.home / "transports"
    tools.mkdir()
    shutil.copy(pathlib.Path(__file__).parent / "a2a-transport-wrapped", tools)
    certificates = Certificates(cli.home / "certificates")
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "CERTIFICATE": certificates.path("server.pem"),
                   "KEY": certificates.path("server.key")}
    address = cli.agent.removeprefix("http://")

    def card(path=""):
        file = cli.home / "wrapped.json"
        file.write_text(json.dumps(card_of(f"wrapped://{address}/{path}", capabilities={"streaming": True}, supportedInterfaces=[
            {"url": f"wrapped://{address}/{path}", "protocolBinding": "wrapped", "protocolVersion": "1.0"}])))
        return ["-a", file]

    refused = cli.failure("send", "hi", *card(), env=environment)
    assert refused["code"] == "VersionNotSupportedError", refused
    cli.failure("send", "hi", "--transport", "wrapped", "-a", cli.agent, status=2, env=environment)
    assert cli.run("plugin", "set-enabled", "transport-wrapped", "on", env=environment).returncode == 0
    assert cli.run("transport-wrapped", env=environment).returncode == 2, "a transport is not a command"
    for path in ("", "tls"):
        sent = cli.run("send", "count 3", "-o", "json", *card(path), env=environment)
        assert sent.returncode == 0, sent
        assert json.loads(sent.stdout)["task"]["status"]["state"] == "TASK_STATE_COMPLETED", sent
    named = cli.run("send", "hi", "--transport", "wrapped", "--debug", *card(), env=environment)
    assert named.returncode == 0 and "a2a-transport-wrapped" in named.stderr, named
    assert "only-for-this-launch" not in named.stdout + named.stderr, named
    for path, fault in (("fails", "failed: the bus is down"), ("silent", "ended without reporting"),
                        ("nonsense", "not a JSON object"), ("elsewhere", "an http or https address of this machine")):
        failed = cli.failure("send", "hi", *card(path), status=3, env=environment)
        assert fault in failed["message"], (path, failed)
    # One that does not end with its stdin is killed.
    assert cli.run("send", "hi", *card("stays"), env=environment, timeout=30).returncode == 0
    # Credentials were given for the agent of the card, not for where the card points.
    bearer = {"A2ACLI_BEARER": SECRET, **environment}
    declared = json.loads((cli.home / "wrapped.json").read_text())
    declared.update(securitySchemes={"b": {"httpAuthSecurityScheme": {"scheme": "bearer"}}},
                    securityRequirements=[{"schemes": {"b": {"list": []}}}])
    (cli.home / "wrapped.json").write_text(json.dumps(declared))
    kept = cli.failure("send", "hi", "-a", cli.home / "wrapped.json", env=bearer, status=4)
    assert f"--credential-origin wrapped://{address}" in kept["hint"], kept


def check_manual(cli):
    page = cli.run("man").stdout
    assert page.startswith(".TH A2AKIT 1") and "task get" in page
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww"], input=page, text=True, capture_output=True, check=True)
        assert not done.stderr and "a2akit send" in done.stdout, done.stderr


def check_old_version(cli):
    """A server gives a card in the form of 0.3 to whoever asks for that version."""
    for transport in ("jsonrpc", "rest"):
        task = cli.json("send", "hello", "--a2a-version", "0.3", "--transport", transport)["task"]
        assert cli.json("task", "get", task["id"], "--a2a-version", "0.3", "--transport", transport)["id"] == task["id"]
    card = cli.home / "old-card.json"
    card.write_text(json.dumps({"name": "old", "description": "d", "version": "1", "protocolVersion": "0.3.0",
                                "url": "http://127.0.0.1:1", "capabilities": {}, "defaultInputModes": [],
                                "defaultOutputModes": [], "skills": []}))
    refused = cli.failure("send", "hello", "-a", card)
    assert refused["code"] == "VersionNotSupportedError" and "JSONRPC 0.3" in refused["message"], refused


def check_pipes(cli):
    """A reader that goes away ends the command; a full disk is an error."""
    done = subprocess.run(f"{cli.program} help | head -1; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                          capture_output=True, text=True, env=cli.environment())
    assert done.stdout.splitlines()[0].startswith("a2akit"), done
    full = subprocess.run(f"{cli.program} help > /dev/full", shell=True, env=cli.environment())
    assert full.returncode == 1, full


def check_large_files(cli):
    """A file is read while it is sent: 32 MiB more of it need next to no memory. A device without an end is refused."""
    class Sink(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        received = []

        def do_GET(self):
            self.reply(card_of(f"http://127.0.0.1:{self.server.server_port}"))

        def do_POST(self):
            left = length = int(self.headers["Content-Length"])
            while left:
                left -= len(self.rfile.read(min(left, 1 << 20)))
            Sink.received.append(length)
            self.reply({"jsonrpc": "2.0", "id": 1, "result": {"task": task_of("COMPLETED")}})

        def reply(self, answer):
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *ignored):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    peaks = []
    for size in (1, 32 << 20):
        (cli.cwd / "file.bin").write_bytes(b"")
        os.truncate(cli.cwd / "file.bin", size)
        process = cli.start("send", "--file", "file.bin", "-a", f"http://127.0.0.1:{server.server_port}")
        _, status, used = os.wait4(process.pid, 0)
        assert status == 0, process.stderr.read()
        peaks.append(used.ru_maxrss)
    server.shutdown()
    assert Sink.received[1] > (32 << 20) * 4 // 3, Sink.received
    assert peaks[1] - peaks[0] < 16 * 1024, f"{peaks} KiB"
    endless = cli.failure("send", "--file", "/dev/zero", "-a", cli.agent, status=2)
    assert "larger than 64 MiB" in endless["message"], endless


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with live_agent(program) as url:
        cli = Cli(program, url)
        for check in (check_bench, check_audit, check_recordings, check_plugins, check_transport_plugin, check_manual, check_old_version, check_pipes,
                      check_large_files):
            check(cli)
            print("ok", check.__name__, flush=True)
        check_replaying_agent(cli, program)


main()
