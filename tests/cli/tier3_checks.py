"""The checks of tier 3 of the specification of a2a-cli."""
import base64
import json
import os
import pathlib
import pty
import re
import subprocess

from registry import check
from support import Answer, Certificates, Scripted, SECRET, card_of, fields, live_agent, rpc_error, task_of
from tier1_checks import COMPLETED, answers, schemes
from tier2_checks import Provider, agent_with


EXTENDED = {"capabilities": {"extendedAgentCard": True}}


def extended_answers(request):
    if request.operation == "GetExtendedAgentCard":
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer(401, {})
        return card_of("http://127.0.0.1:9", name="extended")
    return COMPLETED


@check("A2ACLI_CARD_GET_003")
def extended_card(cli):
    """`card get --extended` at a scripted agent: with a token for the Bearer scheme of the public card it prints the extended
    card; without credentials it asks for them, and no request is made."""
    bearer = schemes(httpAuthSecurityScheme={"scheme": "Bearer"})
    with Scripted(extended_answers, **bearer, **EXTENDED) as agent:
        done = cli.run("card", "get", "-a", agent.url, "--extended", "-o", "json", env={"A2ACLI_BEARER": SECRET})
        assert json.loads(done.stdout)["name"] == "extended", done
        error = cli.failure("card", "get", "-a", agent.url, "--extended", status=4)
        assert error["code"] == "A2ACLI_ERR_CREDENTIALS_MISSING" and "A2ACLI_BEARER" in error["hint"], error
        assert len(agent.calls()) == 1


@check("A2ACLI_AUTH_008")
def undeclared_credentials(cli):
    """No request for a card carries the token, the key or a service parameter; a token is not sent for the extended card when
    the public card declares no scheme that takes it, nor a key when it declares none for keys."""
    key = schemes(apiKeySecurityScheme={"location": "header", "name": "x-key"})
    bearer = schemes(httpAuthSecurityScheme={"scheme": "Bearer"})
    for declared, flag in ((key, "--bearer"), (bearer, "--api-key"), ({}, "--bearer")):
        with Scripted(extended_answers, **declared, **EXTENDED) as agent:
            error = cli.failure("card", "get", "-a", agent.url, "--extended", flag, SECRET, "--svc-param",
                                f"x-token:{SECRET}", status=4)
            assert "declares no security scheme" in error["message"] and not agent.calls(), error
            assert all(SECRET not in str(request.headers) + str(request.url) for request in agent.requests)


@check("A2ACLI_PUSH_002")
def webhook(cli):
    """`listen` prints the StreamResponses that are posted to it, and stops after --count; a wrong token, a body that is not
    one, a huge body and another method are refused and not printed."""
    import http.client
    receiving = cli.start("listen", "--count", "2", env={"A2ACLI_PUSH_TOKEN": SECRET})
    host, port = re.search(r"Listening: http://([\d.]+):(\d+)/", receiving.stdout.readline()).groups()

    def post(body, token=SECRET, method="POST", headers=None):
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        connection.request(method, "/", body, {"X-A2A-Notification-Token": token, **(headers or {})})
        return connection.getresponse().status
    event = json.dumps({"statusUpdate": {"taskId": "task-1", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}})
    assert post(event, token="wrong") == 401 and post("nonsense") == 400 and post("{}") == 400
    assert post("", method="GET") == 405 and post("", headers={"Content-Length": "99999999999"}) == 413
    assert post(event) == 200 and post(json.dumps({"task": task_of("COMPLETED")})) == 200
    out, err = receiving.communicate(timeout=30)
    assert receiving.returncode == 0 and out.count("Task ID: ") == 2 and "TASK_STATE_COMPLETED" in out, (out, err)


@check("A2ACLI_AUTH_009")
def mutual_tls(cli):
    """An agent that asks for a client certificate: refused without one, answered with --client-cert and --client-key and
    with their variables; one without the other is a usage error."""
    certificates = Certificates(cli.home / "certificates")
    with Scripted(answers(SendMessage=COMPLETED), tls=certificates.context(wants_client=True)) as agent:
        trust = ["send", "x", "-a", agent.url, "--ca-file", certificates.path("ca.pem")]
        cli.failure(*trust, status=3)
        given = [certificates.path(name) for name in ("client.pem", "client.key")]
        done = cli.run(*trust, "--client-cert", given[0], "--client-key", given[1])
        assert done.returncode == 0, done
        assert cli.run(*trust, env={"A2ACLI_CLIENT_CERT": given[0], "A2ACLI_CLIENT_KEY": given[1]}).returncode == 0
        assert cli.failure(*trust, "--client-cert", given[0], status=2)["code"] == "A2ACLI_ERR_USAGE"
        mine = ["--client-cert", given[0], "--client-key", given[1], "--ca-file", certificates.path("ca.pem")]
        assert cli.run("card", "get", "-a", agent.url, *mine).returncode == 0
        stranger_keeps_no_certificate(cli, agent.url, mine)


def stranger_keeps_no_certificate(cli, stranger, mine):
    """Neither a file's address, nor a card's interface, nor a redirect takes the certificate to another origin."""
    part = {"url": stranger + "/.well-known/agent-card.json", "filename": "file"}
    with_file = {**task_of("COMPLETED"), "artifacts": [{"artifactId": "a", "parts": [part]}]}
    with Scripted(answers(GetTask=with_file)) as home:
        done = cli.run("task", "download", "1", "-a", home.url, "--fetch", "--dir", cli.home / "fetched", *mine)
        assert done.returncode == 3 and not (cli.home / "fetched" / "file").exists(), done
    interface = {"url": stranger, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    with Scripted(answers(SendMessage=COMPLETED), supportedInterfaces=[interface]) as home:
        error = cli.failure("send", "x", "-a", home.url, *mine)
        assert error["code"] == "A2ACLI_ERR_AUTH_FAILED" and stranger in error["message"], error
    moved = Answer(302, {}, headers={"Location": stranger + "/.well-known/agent-card.json"})
    with Scripted(COMPLETED, card_answer=moved) as home:
        error = cli.failure("card", "get", "-a", home.url, *mine)
        assert "no redirect is followed" in error["message"] and stranger in error["message"], error


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(card, algorithm, directory):
    """The card with a signature of openssl's over its canonical form, and the file of the public key."""
    kind = {"ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "RS256": ["RSA"], "EdDSA": ["ED25519"]}[algorithm]
    key, public, data, signed = (str(directory / name) for name in ("sign.key", f"{algorithm}.pem", "data", "signed"))
    openssl = lambda *arguments: subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    openssl("genpkey", "-algorithm", *kind, "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    protected = base64url(json.dumps({"alg": algorithm, "kid": "k", "typ": "JOSE"}).encode())
    canonical = json.dumps(card, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    pathlib.Path(data).write_text(f"{protected}.{base64url(canonical.encode())}")
    if algorithm == "EdDSA":
        openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", data, "-out", signed)
    else:
        openssl("dgst", "-sha256", "-sign", key, "-out", signed, data)
    signature = pathlib.Path(signed).read_bytes()
    if algorithm == "ES256":  # from DER to r and s, 32 bytes each
        sizes = (signature[3], signature[5 + signature[3]])
        r, s = signature[4:4 + sizes[0]], signature[6 + sizes[0]:]
        signature = b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (r, s))
    return {**card, "signatures": [{"protected": protected, "signature": base64url(signature)}]}, public


@check("A2ACLI_CARD_GET_004")
def signatures(cli):
    """Cards signed by openssl with ES256, RS256 and EdDSA are verified with the right key of --card-key; a changed card, another
    key and no key are unverifiable, with a warning; a card without a signature is absent, with status 0."""
    plain = card_of(cli.agent, name="Größe 😀", iconUrl="https://x.example/i.png")
    file = cli.home / "signed.json"
    keys = []
    for algorithm in ("ES256", "RS256", "EdDSA"):
        signed, key = sign(plain, algorithm, cli.home)
        keys.append(key)
        file.write_text(json.dumps(signed, indent=1))
        done = cli.run("card", "get", "-a", file, "--card-key", key)
        assert f"Signature: verified ({algorithm}, with a key of {algorithm}.pem)" in done.stdout, done
        for card, more in (({**signed, "version": "2"}, ["--card-key", key]), (signed, []),
                           (signed, ["--card-key", keys[0]] if algorithm != "ES256" else [])):
            file.write_text(json.dumps(card))
            done = cli.run("card", "get", "-a", file, *more)
            assert "Signature: unverifiable (" in done.stdout and "Warning" in done.stderr and not done.returncode, done
    file.write_text(json.dumps(plain))
    done = cli.run("card", "get", "-a", file, "--card-key", keys[0])
    assert done.returncode == 0 and "Signature: absent" in done.stdout, done
    done = cli.run("card", "get", "-a", file, "-o", "json")
    assert json.loads(done.stdout) == plain and "Signature: absent" in done.stderr


@check("A2ACLI_CARD_GET_005")
def catalogue(cli):
    """An AI catalogue in place of a card: its only agent, one of several by name, with a card in it and by URL; without a
    name the error lists them."""
    card_type = "application/a2a-agent-card+json"
    entries = [{"identifier": "urn:air:test:one", "type": card_type,
                "url": cli.agent + "/.well-known/agent-card.json"},
               {"identifier": "urn:air:test:two", "displayName": "Two", "type": card_type,
                "data": card_of(cli.agent, name="two")},
               {"identifier": "urn:air:test:mcp", "type": "application/mcp-server-card+json", "url": "https://x"}]
    file = cli.home / "catalog.json"
    file.write_text(json.dumps({"specVersion": "1.0", "entries": entries}))
    with Scripted(lambda request: Answer(200, file.read_text())) as site:
        for reference in (file, site.url + "/.well-known/ai-catalog.json"):
            name = lambda suffix: json.loads(cli.run("card", "get", "-a", f"{reference}{suffix}", "-o", "json").stdout)["name"]
            assert name("#one") == name("#urn:air:test:one") == "a2akit practice agent"
            assert name("#two") == name("#Two") == "two"
            error = cli.failure("card", "get", "-a", str(reference), status=3)
            assert "urn:air:test:one" in error["hint"] and "urn:air:test:two" in error["hint"], error
            assert cli.run("send", "hello", "-a", f"{reference}#one").returncode == 0
    file.write_text(json.dumps({"entries": entries[:1]}))
    assert cli.run("send", "hello", "-a", file).returncode == 0


@check("A2ACLI_CHAT_001")
def chat(cli):
    """Turns from a pipe: context carried over, a paused task continued with its id and left when it has ended; on a
    terminal there is a prompt, in a pipe there is none."""
    done = cli.run("chat", "-a", cli.agent, "-o", "json", stdin="one\nask\nAda\ntwo\n")
    one, asked, answered, two = [json.loads(line)["task"] for line in done.stdout.splitlines()]
    assert one["contextId"] == asked["contextId"] == answered["contextId"] == two["contextId"]
    assert asked["id"] == answered["id"] and len({one["id"], asked["id"], two["id"]}) == 3
    assert answered["status"]["state"] == "TASK_STATE_COMPLETED"
    assert "> " not in cli.run("chat", "-a", cli.agent, stdin="one\n").stdout
    master, slave = pty.openpty()
    talking = subprocess.Popen([cli.program, "chat", "-a", cli.agent], stdin=slave, stdout=slave,
                               stderr=subprocess.DEVNULL, env=cli.environment(), cwd=cli.cwd)
    os.close(slave)
    seen = ""
    while not seen.endswith("> "):
        seen += os.read(master, 1000).decode()
    os.write(master, b"hello\n\x04")
    talking.wait(30)
    os.close(master)


@check("A2ACLI_AUTH_010")
def openid_connect(cli):
    """A card with an OpenID Connect scheme: the endpoints come from the discovery document, the device flow runs, and the
    token goes with the next send; a document of another issuer is refused."""
    provider = Provider()
    scheme = lambda url: {"openIdConnectSecurityScheme": {"openIdConnectUrl": url + "/.well-known/openid-configuration"}}
    with agent_with(provider, scheme) as agent:
        assert cli.run("auth", "login", "-a", agent.url, "--client-id", "cli").returncode == 0
        assert provider.forms[0][1]["scope"] == "openid"
        assert cli.run("send", "x", "-a", agent.url).returncode == 0
        cli.run("auth", "logout", "-a", agent.url)
        provider.answer = lambda request, url: Answer(200, {"issuer": "https://other.example", "token_endpoint": url})
        assert cli.failure("auth", "login", "-a", agent.url, "--client-id", "cli", status=4)["code"] == \
            "A2ACLI_ERR_AUTH_FAILED"


@check("A2ACLI_AUTH_011")
def auth_required(cli):
    """A live task that pauses at AUTH_REQUIRED: status 0, a warning, a Resume command, and it goes on and completes when that
    command is run; chat continues it as well."""
    done = cli.talk("send", "login")
    shown = fields(done.stdout)
    assert shown["State"] == "TASK_STATE_AUTH_REQUIRED" and "authorised" in done.stderr
    assert f"--task-id {shown['Task ID']}" in shown["Resume"]
    after = cli.json("send", "I am logged in", "--task-id", shown["Task ID"])["task"]
    assert after["id"] == shown["Task ID"] and after["status"]["state"] == "TASK_STATE_COMPLETED"
    lines = cli.run("chat", "-a", cli.agent, "-o", "json", stdin="login\ndone\n").stdout.splitlines()
    assert json.loads(lines[-1])["task"]["status"]["state"] == "TASK_STATE_COMPLETED"


@check("A2ACLI_DEMO_SERVER_001")
def demo_server(cli):
    """`demo-server --port 0` prints its address, serves a valid card, and shows every state that a task can pause or end
    in."""
    with live_agent(cli.program) as url:
        assert cli.run("card", "get", "-a", url, "--validate").returncode == 0
        for word, state in (("hello", "COMPLETED"), ("fail x", "FAILED"), ("reject", "REJECTED"),
                            ("ask", "INPUT_REQUIRED"), ("login", "AUTH_REQUIRED")):
            shown = fields(cli.run("send", word, "-a", url).stdout)
            assert shown["State"] == f"TASK_STATE_{state}", shown


@check("A2ACLI_VER_002")
def extensions(cli):
    """--extension goes into A2A-Extensions and the message of a recorded request; an agent's ExtensionSupportRequiredError
    is passed on with a hint to --extension."""
    with Scripted(answers(SendMessage=COMPLETED)) as agent:
        cli.run("send", "x", "-a", agent.url, "--extension", "https://e.example/1", "--extension", "urn:e:2")
        call = agent.calls()[0]
        assert re.split(", ?", call.headers["a2a-extensions"]) == ["https://e.example/1", "urn:e:2"]
        assert call.params["message"]["extensions"] == ["https://e.example/1", "urn:e:2"]
    with Scripted(answers(SendMessage=lambda request: rpc_error(request, -32008))) as agent:
        error = cli.failure("send", "x", "-a", agent.url, status=1)
        assert error["code"] == "ExtensionSupportRequiredError" and "--extension" in error["hint"]


@check("A2ACLI_TX_005")
def grpc_transport(cli):
    """With --transport grpc, send, task get, task list, task cancel, a stream and an error are those of JSON-RPC in 1.0; send
    and a stream in 0.3 too. --debug shows how long the messages are, not their bytes."""
    with live_agent(cli.program, env={"A2AKIT_GRPC_PORT": "0"}) as url:
        results = []
        for transport in ("jsonrpc", "grpc"):
            flags = ["-a", url, "--transport", transport]
            task = cli.json("send", "hello", *flags)["task"]
            read = cli.json("task", "get", task["id"], *flags)
            listed = cli.json("task", "list", "--context-id", task["contextId"], *flags)["tasks"]
            working = cli.json("send", "wait 60", "--async", *flags)["task"]
            cancelled = cli.json("task", "cancel", working["id"], *flags)
            last = cli.lines("send", "count 2", *flags)[-1]
            error = cli.failure("task", "get", "no-such-task", *flags, status=1)["code"]
            results.append((read["artifacts"], len(listed), cancelled["status"]["state"], list(last), error))
        assert results[0] == results[1], results
        old = ["-a", url, "--transport", "grpc", "--a2a-version", "0.3"]
        assert cli.json("send", "hello", *old)["task"]["artifacts"][0]["parts"] == results[0][0][0]["parts"]
        assert list(cli.lines("send", "count 2", *old)[-1]) == results[0][3]
        shown = cli.run("send", "hello", "-a", url, "--transport", "grpc", "--debug").stderr
        assert "uses GRPC 1.0 at http://127.0.0.1:" in shown and "bytes of gRPC)" in shown, shown
