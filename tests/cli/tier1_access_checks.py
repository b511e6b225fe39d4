"""The checks of tier 1 of the specification of a2a-cli: credentials, bindings, versions, and the tool itself."""
import re

from registry import check
from support import Answer, Certificates, Scripted, SECRET, rpc_error, task_of
from tier1_checks import COMPLETED, answers, schemes


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
