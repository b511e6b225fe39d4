#!/usr/bin/env python3
"""Callers that are known by settings alone: names with passwords, tokens that their issuer is asked about, scopes.

usage: identities.py ECHO   (an agent that echoes)
"""
import base64
import http.server
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_calls import call, send, write
from agent_process import AgentProcess, refusal
from tokens import Key, run, write_set

PROGRAM = sys.argv[1]
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def hash_of(password):
    return run("passwd", "-6", password).decode().strip()


def names_and_passwords(directory):
    path = os.path.join(directory, "users")
    write(path, f"alice:{hash_of('correct')}\nbob:{hash_of('horse')}\n")
    with AgentProcess(PROGRAM, BASIC_USERS_FILE=path) as agent:
        without = send(agent)
        expect("no password", without.status == 401 and without.headers["WWW-Authenticate"].startswith("Basic "), without)
        expect("a wrong password", send(agent, **basic("alice", "horse")).status == 401, "")
        sent = send(agent, **basic("alice", "correct"))
        expect("a password", sent.status == 200, sent)
        task = "/tasks/" + sent.json()["task"]["id"]
        expect("its task", call(agent, "GET", task, **basic("alice", "correct")).status == 200, "")
        expect("not for others", call(agent, "GET", task, **basic("bob", "horse")).status == 404, "")
        card = call(agent, "GET", "/.well-known/agent-card.json").json()
        expect("the card declares it", card["securitySchemes"]["basic"]["httpAuthSecurityScheme"]["scheme"] == "basic", card)
        write(path, f"bob:{hash_of('horse')}\n")
        agent.signal(signal.SIGHUP)
        agent.wait_for(r" reloaded ")
        expect("a reload takes a name away", send(agent, **basic("alice", "correct")).status == 401, "")
        statuses = [send(agent, **basic("bob", f"guess {i}")).status for i in range(40)]
        expect("guessing is slowed down", statuses[0] == 401 and statuses[-1] == 429, statuses)
    write(path, "alice:correct\n")
    said = refusal(PROGRAM, BASIC_USERS_FILE=path)
    expect("a password in the clear is refused", "A2AKIT_BASIC_USERS_FILE" in said and "correct" not in said, said)


class Issuer:
    """Answers questions about tokens (RFC 7662) over plain http, and counts them."""

    def __init__(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                issuer.asked.append((form["token"][0], self.headers["Authorization"]))
                if issuer.status == 302:
                    self.send_response(302)
                    self.send_header("Location", issuer.url + "/elsewhere")
                else:
                    self.send_response(issuer.status)
                body = json.dumps(issuer.tokens.get(form["token"][0], {"active": False})).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.asked, self.tokens, self.status = [], {}, 200
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def introspection(directory):
    issuer = Issuer()
    keys = os.path.join(directory, "keys")
    write(keys, "dave daves-long-secret-key\n")
    settings = {"INTROSPECTION_URL": issuer.url + "/introspect", "INTROSPECTION_ALLOW_HTTP": "true",
                "INTROSPECTION_CLIENT_ID": "a2a agent", "INTROSPECTION_CLIENT_SECRET": "s:ecret %",
                "INTROSPECTION_AUDIENCE": "a2a", "INTROSPECTION_SCOPES": "call", "API_KEYS_FILE": keys}
    with AgentProcess(PROGRAM, **settings) as agent:
        def with_token(token):
            return send(agent, Authorization="Bearer " + token)

        alice = {"active": True, "sub": "alice", "aud": "a2a", "scope": "call", "exp": int(time.time()) + 3600}
        issuer.tokens = {"opaque &+%": alice, "elsewhere": {**alice, "aud": "b"}, "a.b.c": {**alice, "sub": "bob"},
                         "no-scope": {**alice, "scope": "read"}, "expired": {**alice, "exp": int(time.time()) - 3600}}
        sent = with_token("opaque &+%")
        expect("a token", sent.status == 200, sent)
        login = base64.b64encode(b"a2a%20agent:s%3Aecret%20%25").decode()
        expect("the question", issuer.asked == [("opaque &+%", "Basic " + login)], issuer.asked)
        task = "/tasks/" + sent.json()["task"]["id"]
        expect("its task", call(agent, "GET", task, Authorization="Bearer opaque &+%").status == 200, "")
        expect("it was asked once", len(issuer.asked) == 1, issuer.asked)
        expect("not for others", call(agent, "GET", task, Authorization="Bearer a.b.c").status == 404, "")
        for token in ("elsewhere", "expired", "made-up"):
            answer = with_token(token)
            challenge = answer.headers["WWW-Authenticate"] or ""
            expect(f"the token {token}", answer.status == 401 and 'error="invalid_token"' in challenge, answer)
        answer = with_token("no-scope")
        challenge = answer.headers["WWW-Authenticate"] or ""
        expect("a token without the scope",
               answer.status == 403 and 'scope="call"' in challenge and 'error="insufficient_scope"' in challenge, answer)
        asked = len(issuer.asked)
        expect("an API key as bearer token", with_token("daves-long-secret-key").status == 200, "")
        expect("the issuer never sees an API key", len(issuer.asked) == asked, issuer.asked)
        for issuer.status in (500, 401, 302):
            asked = len(issuer.asked)
            while len(issuer.asked) == asked:  # after a failure it is left alone for a second
                answer = with_token(f"while {issuer.status}")
                expect(f"an issuer that answers {issuer.status}", answer.status == 503 and answer.headers["Retry-After"], answer)
        expect("known tokens are still good", with_token("opaque &+%").status == 200, "")
        issuer.stop()
        expect("an issuer that is away", with_token("later").status == 503, "")
        log = "".join(agent.lines)
        expect("no secret in the log", "opaque" not in log and "s:ecret" not in log and "s%3A" not in log, log)
    said = refusal(PROGRAM, INTROSPECTION_URL="http://issuer.example/")
    expect("plain http is refused", "A2AKIT_INTROSPECTION_ALLOW_HTTP" in said, said)
    said = refusal(PROGRAM, INTROSPECTION_CLIENT_ID="a")
    expect("a client alone is refused", "A2AKIT_INTROSPECTION_URL" in said, said)


def where_tokens_come_from(directory):
    """RFC 9728: a client that knows only the agent finds out who issues the tokens for it."""
    key = Key(directory, "ES256", "ec")
    path = os.path.join(directory, "set.json")
    write_set(path, key)
    settings = {"JWT_JWKS_URL": "file://" + path, "JWT_ISSUER": "https://login.example", "SCOPE_READ": "read", "SCOPE_WRITE": "write"}
    with AgentProcess(PROGRAM, BASE_PATH="/agent", **settings) as agent:
        refused = call(agent, "GET", "/agent/tasks")
        named = re.search(r'resource_metadata="([^"]+)"', refused.headers["WWW-Authenticate"] or "")
        url = f"http://127.0.0.1:{agent.port}"
        expect("the challenge names it", named and named.group(1) == url + "/agent/.well-known/oauth-protected-resource", refused)
        wrong = call(agent, "GET", "/agent/tasks", Authorization="Bearer a.b.c").headers["WWW-Authenticate"]
        expect("a wrong token's challenge too", 'resource_metadata="' in wrong and 'error="invalid_token"' in wrong, wrong)
        reader = key.token({"iss": "https://login.example", "sub": "alice", "exp": int(time.time()) + 3600, "scope": "read"})
        refused = call(agent, "POST", "/agent/tasks/none:cancel", Authorization="Bearer " + reader)
        challenge = refused.headers["WWW-Authenticate"] or ""
        expect("a missing scope's challenge too", refused.status == 403 and 'resource_metadata="' in challenge and
               'scope="write"' in challenge and 'error="insufficient_scope"' in challenge, (refused, challenge))
        for place in ("/.well-known/oauth-protected-resource/agent", "/agent/.well-known/oauth-protected-resource"):
            answer = call(agent, "GET", place)
            metadata = answer.json()
            expect(f"the metadata at {place}", metadata["resource"] == url + "/agent" and
                   metadata["authorization_servers"] == ["https://login.example"] and
                   metadata["scopes_supported"] == ["read", "write"] and metadata["bearer_methods_supported"] == ["header"], answer)
        missing = call(agent, "GET", "/.well-known/oauth-protected-resource")
        expect("not outside of the agent's path", missing.status == 404, missing)
    with AgentProcess(PROGRAM, AUTHORIZATION_SERVERS="https://a.example, https://b.example", PUBLIC_URL="https://agents.example",
                      **settings) as agent:
        metadata = call(agent, "GET", "/.well-known/oauth-protected-resource").json()
        expect("servers that are named", metadata["authorization_servers"] == ["https://a.example", "https://b.example"] and
               metadata["resource"] == "https://agents.example", metadata)
    with AgentProcess(PROGRAM) as agent:
        answer = call(agent, "GET", "/.well-known/oauth-protected-resource")
        expect("without tokens there is none", answer.status == 404, answer)
    said = refusal(PROGRAM, AUTHORIZATION_SERVERS="login.example")
    expect("what is no URL is refused", "A2AKIT_AUTHORIZATION_SERVERS" in said, said)


def main():
    with tempfile.TemporaryDirectory() as directory:
        names_and_passwords(directory)
        introspection(directory)
        where_tokens_come_from(directory)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
