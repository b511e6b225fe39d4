"""The checks of tier 2 of the specification of a2a-cli."""
import base64
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.parse

from registry import check, gap
from support import Answer, CUT, Scripted, SECRET, card_of, fields, rpc_error, task_of
from tier1_checks import COMPLETED, answers, schemes

TRANSPORTS = ["HTTP+JSON", "JSON-RPC"]


@check("A2ACLI_CARD_GET_002")
def validate(cli):
    """The card of the live agent is valid; a card without a version and skills, and one with a wrong type, are
    A2ACLI_ERR_CARD_INVALID, and each fault is named."""
    assert "Validation: " in cli.talk("card", "get", "--validate").stdout
    card = cli.json("card", "get", "--validate")
    for change, named in (({"version": None, "skills": None}, ("version", "skills")),
                          ({"capabilities": "all"}, ("capabilities",))):
        file = cli.home / "card.json"
        file.write_text(json.dumps({name: value for name, value in {**card, **change}.items() if value is not None}))
        if "version" in named:
            assert cli.run("card", "get", "-a", file).returncode == 0
        error = cli.failure("card", "get", "-a", file, "--validate", status=1)
        assert error["code"] == "A2ACLI_ERR_CARD_INVALID" and all(name in error["message"] for name in named), error


@check("A2ACLI_TASK_LIST_001")
def task_list(cli):
    """Five live tasks of one context are listed in pages of two, each once, by following nextPageToken and with --all;
    --status and --context-id filter; a page token that repeats is an error."""
    context = cli.json("send", "one")["task"]["contextId"]
    ids = {cli.json("send", "more", "--context-id", context)["task"]["id"] for _ in range(3)}
    paused = cli.json("send", "ask", "--context-id", context)["task"]["id"]
    seen, token = [], ""
    while True:
        page = cli.json("task", "list", "--context-id", context, "--page-size", "2", "--page-token", token)
        seen += [task["id"] for task in page["tasks"]]
        token = page["nextPageToken"]
        if not token:
            break
    assert len(seen) == len(set(seen)) == 5 and ids | {paused} <= set(seen), seen
    every = cli.json("task", "list", "--context-id", context, "--page-size", "2", "--all")
    assert [task["id"] for task in every["tasks"]] == seen
    assert [task["id"] for task in cli.lines("task", "list", "--context-id", context, "--page-size", "2", "--all")] == seen
    waiting = cli.json("task", "list", "--context-id", context, "--status", "input-required")
    assert [task["id"] for task in waiting["tasks"]] == [paused]
    shown = cli.talk("task", "list", "--context-id", context, "--page-size", "2").stdout
    assert shown.count("Task ID: ") == 2 and "Total: 5" in shown and "--page-token" in fields(shown)["Next Page"]
    assert cli.failure("task", "list", "--status", "sleeping", "-a", cli.agent, status=2)
    endless = {"tasks": [task_of("WORKING")], "nextPageToken": "again", "pageSize": 1, "totalSize": 9}
    with Scripted(answers(ListTasks=endless)) as agent:
        assert cli.failure("task", "list", "--all", "-a", agent.url, status=1)["code"] == "InvalidAgentResponseError"


@check("A2ACLI_TASK_SUBSCRIBE_001")
def subscribe(cli):
    """A working live task is subscribed to: the first line is the Task, the last one its end; `-o json` without --stream is
    the final Task; a task that has ended is printed."""
    task = cli.json("send", "wait 60", "--async")["task"]
    following = cli.start("task", "subscribe", task["id"], "-a", cli.agent, "-o", "json", "--stream")
    first = json.loads(following.stdout.readline())
    assert first["task"]["id"] == task["id"], first
    cli.talk("task", "cancel", task["id"])
    lines = [json.loads(line) for line in following.communicate(timeout=30)[0].splitlines()]
    assert following.returncode == 0 and "CANCELED" in json.dumps(lines[-1]), lines
    other = cli.json("send", "wait 1", "--async")["task"]
    assert cli.json("task", "subscribe", other["id"])["status"]["state"] == "TASK_STATE_COMPLETED"
    assert list(cli.lines("task", "subscribe", task["id"])[0]) == ["task"]


@check("A2ACLI_TASK_SUBSCRIBE_002")
def resume_a_stream(cli):
    """A subscription that breaks is followed until the task ends; a new subscription to a task begins with the whole Task,
    artifacts included."""
    script = answers(GetTask=(task_of("WORKING"), task_of("COMPLETED")),
                     SubscribeToTask=([{"task": task_of("WORKING")}, CUT], [{"task": task_of("COMPLETED")}]))
    with Scripted(script, capabilities={"streaming": True}) as agent:
        done = cli.run("task", "subscribe", "task-1", "-a", agent.url, "-o", "json", "--stream")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 0 and lines[-1]["task"]["status"]["state"] == "TASK_STATE_COMPLETED", done
    task = cli.json("send", "wait 60", "--async")["task"]
    for _ in range(2):
        following = cli.start("task", "subscribe", task["id"], "-a", cli.agent, "-o", "json", "--stream")
        assert json.loads(following.stdout.readline())["task"]["id"] == task["id"]
        following.kill()
        following.communicate()
    cli.talk("task", "cancel", task["id"])


class Provider:
    """An OAuth provider: the device and client credentials flows, refresh, and OpenID Connect discovery."""

    def __init__(self):
        self.forms, self.pending = [], 2

    def answer(self, request, url):
        if request.path == "/.well-known/openid-configuration":
            return Answer(200, {"issuer": url, "token_endpoint": url + "/token",
                                "device_authorization_endpoint": url + "/device"})
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        self.forms.append((request.path, form))
        if request.path == "/device":
            return Answer(200, {"device_code": "device-code-1", "user_code": "WXYZ", "interval": 1,
                                "verification_uri": url + "/activate"})
        if form.get("grant_type", "").endswith("device_code"):
            self.pending -= 1
            if self.pending > 0:
                return Answer(400, {"error": "authorization_pending"})
        login = "Basic " + base64.b64encode(b"ci:hush-hush").decode()
        if form.get("grant_type") == "client_credentials" and request.headers.get("authorization") != login:
            return Answer(401, {"error": "invalid_client"})
        number = len(self.forms)
        return Answer(200, {"access_token": f"access-token-{number}", "token_type": "Bearer", "expires_in": 1,
                            "refresh_token": "refresh-token-1"})


def agent_with(provider, scheme):
    def answer(request):
        if request.operation:
            if not request.headers.get("authorization", "").startswith("Bearer access-token-"):
                return Answer(401, {})
            return COMPLETED
        return provider.answer(request, agent.url)
    agent = Scripted(answer)
    agent.card_changes.update(schemes(**scheme(agent.url)))
    return agent


def tokens_of(cli):
    return list((cli.home / ".config" / "a2a-cli" / "tokens").glob("*"))


@check("A2ACLI_AUTH_005")
def device_login(cli):
    """The device flow against a provider that first says authorization_pending: the address and the code are on stderr, and
    the next send carries the token."""
    provider = Provider()
    flow = lambda url: {"oauth2SecurityScheme": {"flows": {"deviceCode": {
        "deviceAuthorizationUrl": url + "/device", "tokenUrl": url + "/token", "scopes": {"tasks": "t"}}}}}
    with agent_with(provider, flow) as agent:
        assert "auth login" in cli.failure("send", "x", "-a", agent.url, status=4)["hint"]
        done = cli.run("auth", "login", "-a", agent.url, "--client-id", "cli")
        assert done.returncode == 0 and "/activate" in done.stderr and "WXYZ" in done.stderr and not done.stdout, done
        assert provider.forms[0] == ("/device", {"client_id": "cli", "scope": "tasks"}), provider.forms
        assert [path for path, _ in provider.forms] == ["/device", "/token", "/token"]
        assert cli.run("send", "x", "-a", agent.url).returncode == 0
        cli.run("auth", "logout", "-a", agent.url)


@check("A2ACLI_AUTH_006")
def client_credentials_login(cli):
    """The client credentials flow with the secret from A2ACLI_CLIENT_SECRET; a wrong secret is A2ACLI_ERR_AUTH_FAILED; the
    secret is not sent to another origin that a card names."""
    provider = Provider()
    flow = lambda url: {"oauth2SecurityScheme": {"flows": {"clientCredentials": {"tokenUrl": url + "/token",
                                                                                 "scopes": {}}}}}
    with agent_with(provider, flow) as agent:
        login = ["auth", "login", "-a", agent.url, "--client-id", "ci"]
        assert cli.failure(*login, env={"A2ACLI_CLIENT_SECRET": "wrong-one"}, status=4)["code"] == "A2ACLI_ERR_AUTH_FAILED"
        assert cli.run(*login, env={"A2ACLI_CLIENT_SECRET": "hush-hush"}).returncode == 0
        assert cli.run("send", "x", "-a", agent.url).returncode == 0
        cli.run("auth", "logout", "-a", agent.url)
        with Scripted(lambda request: Answer(200, {})) as thief:
            agent.card_changes.update(schemes(**flow(thief.url)))
            error = cli.failure(*login, env={"A2ACLI_CLIENT_SECRET": "hush-hush"}, status=4)
            assert "--credential-origin" in error["hint"] and not thief.requests, error


@check("A2ACLI_AUTH_007")
def token_storage(cli):
    """The token's file has mode 0600 in a directory of mode 0700; the token goes with later calls to that agent and not to
    another; an expired one is renewed; a file that others can read is ignored; --debug shows no token; logout removes
    it."""
    provider = Provider()
    flow = lambda url: {"oauth2SecurityScheme": {"flows": {"clientCredentials": {"tokenUrl": url + "/token",
                                                                                 "scopes": {}}}}}
    with agent_with(provider, flow) as agent, Scripted(answers(SendMessage=COMPLETED)) as other:
        done = cli.run("auth", "login", "-a", agent.url, "--client-id", "ci", "--debug",
                       env={"A2ACLI_CLIENT_SECRET": "hush-hush"})
        assert not re.search("hush-hush|access-token|refresh-token", done.stdout + done.stderr), done
        file, = tokens_of(cli)
        assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
        # expires_in is one second, so the first call renews it already.
        done = cli.run("send", "x", "-a", agent.url, "--debug")
        assert done.returncode == 0 and "access-token" not in done.stderr + done.stdout, done
        assert provider.forms[-1][1]["grant_type"] == "refresh_token"
        assert cli.run("send", "x", "-a", other.url).returncode == 0
        assert "authorization" not in other.calls()[0].headers
        file.chmod(0o644)
        cli.failure("send", "x", "-a", agent.url, status=4)
        cli.run("auth", "logout", "-a", agent.url)
        assert not tokens_of(cli)


@check("A2ACLI_TX_004")
def two_transports(cli):
    """send, task get, task list, task cancel and a stream over each transport give the same results."""
    results = []
    for transport in ("jsonrpc", "rest"):
        flag = ["--transport", transport]
        task = cli.json("send", "hello", *flag)["task"]
        read = cli.json("task", "get", task["id"], *flag)
        listed = cli.json("task", "list", "--context-id", task["contextId"], *flag)["tasks"]
        working = cli.json("send", "wait 60", "--async", *flag)["task"]
        cancelled = cli.json("task", "cancel", working["id"], *flag)
        last = cli.lines("send", "count 2", *flag)[-1]
        results.append((read["artifacts"], len(listed), cancelled["status"]["state"], list(last)))
    assert results[0] == results[1], results


@check("A2ACLI_VER_003")
def capabilities(cli):
    """A card without streaming: `send --stream` does not call SendStreamingMessage and `task subscribe` does not call
    SubscribeToTask; without push notifications and without an extended card no request for them is made."""
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        cli.run("send", "x", "--stream", "-a", agent.url)
        for command, error in ((["task", "subscribe", "1"], "UnsupportedOperationError"),
                               (["task", "push-config", "list", "1"], "PushNotificationNotSupportedError"),
                               (["card", "get", "--extended", "--bearer", SECRET], "UnsupportedOperationError")):
            assert cli.failure(*command, "-a", agent.url, status=1)["code"] == error
        assert [call.operation for call in agent.calls()] == ["SendMessage"]


@check("A2ACLI_CONFIG_002")
def precedence(cli):
    """--timeout from five places, one removed after the other: flag, variable, local file, global file, default; a file
    above the working directory and --config are used, too; `config show` names the place of each."""
    directory = cli.home / ".config" / "a2a-cli"
    directory.mkdir(parents=True, exist_ok=True)
    globals_, local = directory / ".env", cli.cwd / ".env"
    globals_.write_text("A2ACLI_TIMEOUT=4s\n")
    local.write_text('# a comment\nexport A2ACLI_TIMEOUT="3s" # another\nOTHER=1\n')
    below = cli.cwd / "a" / "b"
    below.mkdir(parents=True)
    chosen = cli.home / "agent.env"
    chosen.write_text("A2ACLI_TIMEOUT=5s\n")

    def shown(*arguments, **options):
        entry = json.loads(cli.run("config", "show", "-o", "json", *arguments, **options).stdout)["timeout"]
        return entry["value"], entry["source"]
    try:
        variable = {"A2ACLI_TIMEOUT": "2s"}
        assert shown("--timeout", "1s", env=variable) == ("1s", "flag")
        assert shown(env=variable) == ("2s", "environment")
        assert shown() == ("3s", f"file {local}")
        assert shown(cwd=below) == ("3s", f"file {local}")
        assert shown("--config", chosen) == ("5s", f"file {chosen}")
        local.unlink()
        assert shown() == ("4s", f"file {globals_}")
        globals_.unlink()
        assert shown() == ("0", "default")
        assert cli.failure("config", "show", "--config", cli.home / "missing", status=2)
    finally:
        for file in (globals_, local):
            file.unlink(missing_ok=True)


@check("A2ACLI_DOWNLOAD_001")
def download(cli):
    """Text, data and bytes of a live task are saved with their content; names with directories, dots and control characters
    stay in the directory, and nothing is overwritten."""
    target = cli.home / "results"
    task = cli.json("send", "parts")["task"]
    for _ in range(2):
        done = cli.talk("task", "download", task["id"], "--dir", target)
        assert "Not Fetched: https://example.com/picture.png" in done.stdout
    assert (target / "table.csv").read_text() == (target / "table-1.csv").read_text() == "a,b\n1,2\n"
    assert json.loads((target / "parts-2.json").read_text())["answer"] == 42
    counted = cli.json("send", "count 3")["task"]
    cli.talk("task", "download", counted["id"], "--dir", target)
    assert (target / "count.txt").read_text() == "1\n2\n3\n"
    names = ["../../evil", "/etc/evil", "..", ".bashrc", "a\x1b[0m\n"]
    parts = [{"raw": "eA==", "filename": name} for name in names]
    evil = task_of("COMPLETED", artifacts=[{"artifactId": "../a", "parts": parts}])
    with Scripted(answers(GetTask=evil)) as agent:
        inner = target / "inner"
        assert cli.run("task", "download", "1", "-a", agent.url, "--dir", inner).returncode == 0
        assert sorted(path.name for path in inner.iterdir()) == ["a__[0m_".replace("__", "_"), "artifact", "bashrc", "evil",
                                                                 "evil-1"], list(inner.iterdir())
        assert not list(cli.home.rglob("evil"))[1:]


@check("A2ACLI_OUT_007")
def debug(cli):
    """--debug logs each request and response with its content, the choice of the transport and times to stderr."""
    log = cli.talk("send", "hello", "--debug").stderr
    for expected in ("GET http", "< 200", "uses JSONRPC 1.0", '"text":"hello"', '"method":"SendStreamingMessage"',
                     "microseconds"):
        assert expected in log, (expected, log)


@check("A2ACLI_CONFORM_001")
def conformance(cli):
    """`conformance` finds no fault in the live agent over each transport, and finds the faults of a scripted agent that
    answers everything with the same task; each check names its section of A2A."""
    for transport in ("jsonrpc", "rest"):
        found = cli.json("conformance", "--transport", transport)["checks"]
        assert len(found) >= 12 and not [one for one in found if one["result"] == "fail"], found
        assert all(re.fullmatch(r"\d+(\.\d+)*", one["section"]) for one in found)
    with Scripted(lambda request: COMPLETED if request.operation == "SendMessage" else task_of("COMPLETED")) as agent:
        done = cli.run("conformance", "-a", agent.url)
        assert done.returncode == 1 and "fail A2A 3.3.2" in done.stdout and "fail A2A 9.5" in done.stdout, done


def check_zsh(script):
    """The installed file works from the first Tab on, and the sourced one names the function to call."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "_a2akit").write_text(script, encoding="utf-8")

        def run(commands):
            return subprocess.run(["zsh", "-f", "-c", 'compdef() { print "$@" }; compadd() { print "$@" }; ' + commands, folder],
                                  text=True, capture_output=True, check=True).stdout.split()
        offered = run('fpath=("$0" $fpath); autoload -Uz _a2akit; words=(a2akit task ""); CURRENT=3; _files() {}; _a2akit')
        assert {"get", "list", "cancel"} <= set(offered), offered
        assert run('source "$0/_a2akit"') == ["_a2akit", "a2akit"]


@check("A2ACLI_CLI_002")
def completion(cli):
    """Each script is accepted by its shell where that is installed; bash offers the commands, the flags of a command, and
    the values of -o."""
    scripts = {shell: cli.run("completion", shell).stdout for shell in ("bash", "zsh", "fish")}
    assert all("task" in script and "--agent-card" in script for script in scripts.values())
    for shell, script in scripts.items():
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
            assert done.returncode == 0 and not done.stderr, done

    def offered(*words):
        command = (scripts["bash"] + f"COMP_WORDS=({' '.join(words)})\nCOMP_CWORD={len(words) - 1}\n_a2akit\n"
                   'echo "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", command], text=True, capture_output=True, check=True).stdout.split()
    assert offered("a2akit", "sen") == ["send"]
    assert {"get", "list", "cancel"} <= set(offered("a2akit", "task", "''"))
    assert "--history" in offered("a2akit", "task", "get", "--h")
    assert offered("a2akit", "send", "-o", "j") == ["json"]
    if shutil.which("zsh"):
        check_zsh(scripts["zsh"])
    assert cli.failure("completion", "tcsh", status=2)


@check("A2ACLI_PUSH_001")
def push_config(cli):
    """create, get, list and delete at a scripted agent: the recorded requests name task, configuration and URL; the token
    comes from A2ACLI_PUSH_TOKEN and is not printed in text; the JSON is the protocol's own."""
    config = {"id": "config-1", "taskId": "task-1", "url": "https://me.example/hook", "token": SECRET}
    script = answers(CreateTaskPushNotificationConfig=config, GetTaskPushNotificationConfig=config,
                     ListTaskPushNotificationConfigs={"configs": [config], "nextPageToken": ""},
                     DeleteTaskPushNotificationConfig={})
    with Scripted(script, capabilities={"pushNotifications": True}) as agent:
        def call(verb, *arguments, **options):
            done = cli.run("task", "push-config", verb, *arguments, "-a", agent.url, **options)
            assert done.returncode == 0, done
            return done.stdout
        made = call("create", "task-1", "--url", config["url"], "--id", "config-1", env={"A2ACLI_PUSH_TOKEN": SECRET})
        assert SECRET not in made and fields(made)["Config ID"] == "config-1"
        sent = agent.calls()[-1].params
        assert (sent["taskId"], sent["id"], sent["url"], sent["token"]) == ("task-1", "config-1", config["url"], SECRET)
        assert json.loads(call("get", "task-1", "config-1", "-o", "json"))["url"] == config["url"]
        assert (agent.calls()[-1].params["taskId"], agent.calls()[-1].params["id"]) == ("task-1", "config-1")
        assert json.loads(call("list", "task-1", "-o", "json"))["configs"][0]["id"] == "config-1"
        assert call("delete", "task-1", "config-1", "-o", "json") == "{}\n"
        assert agent.calls()[-1].operation == "DeleteTaskPushNotificationConfig"
