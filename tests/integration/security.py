#!/usr/bin/env python3
"""Who may call an agent that is secured by its settings alone: API keys, tokens, hosts, origins, proxies and rates.

usage: security.py ECHO   (an agent that echoes)
"""
import hashlib
import http.server
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_calls import TIMEOUT, call, rpc, send, write
from agent_process import AgentProcess, refusal
from tokens import Key, decode, encode, write_set

PROGRAM = sys.argv[1]
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def api_keys(directory):
    path = os.path.join(directory, "keys")
    hashed = hashlib.sha256(b"bobs-long-secret-key").hexdigest()
    write(path, f"# callers\nalice alices-long-secret-key\nbob sha256:{hashed}\n")
    with AgentProcess(PROGRAM, API_KEYS_FILE=path, ADMIN_TOKEN="an-operators-token-1") as agent:
        without = send(agent)
        expect("no key", without.status == 401 and "ApiKey" in without.headers["WWW-Authenticate"], without)
        without = rpc(agent, "GetTask", {"id": "x"})
        expect("no key over JSON-RPC", without.status == 401 and without.json()["error"]["code"] == -32031, without)
        wrong = send(agent, X_API_Key="alices-long-secret-kez")
        expect("a wrong key", wrong.status == 401 and "alices" not in wrong.text, wrong)
        expect("the hash is not the key", send(agent, X_API_Key=hashed).status == 401, "")
        sent = send(agent, X_API_Key="alices-long-secret-key")
        expect("a key", sent.status == 200, sent)
        task = "/tasks/" + sent.json()["task"]["id"]
        for name, headers, status in (("by another header", {"Authorization": "Bearer alices-long-secret-key"}, 200),
                                      ("by somebody else", {"X_API_Key": "bobs-long-secret-key"}, 404),
                                      ("by nobody", {}, 401)):
            answer = call(agent, "GET", task, **headers)
            expect(f"a task read {name}", answer.status == status, answer)
        for path_of_all in ("/.well-known/agent-card.json", "/health"):
            expect(f"{path_of_all} is for all", call(agent, "GET", path_of_all).status == 200, path_of_all)
        card = call(agent, "GET", "/.well-known/agent-card.json").json()
        expect("the card declares it", card["securitySchemes"]["apiKey"]["apiKeySecurityScheme"]["name"] == "X-API-Key" and
               card["securityRequirements"][0]["schemes"].keys() == {"apiKey"}, card)
        upload_without_key(agent)

        write(path, "carol carols-long-secret-key\n")
        agent.signal(signal.SIGHUP)
        agent.wait_for(r" reloaded ")
        expect("a reload takes keys away", send(agent, X_API_Key="alices-long-secret-key").status == 401, "")
        expect("a reload brings keys", send(agent, X_API_Key="carols-long-secret-key").status == 200, "")
        write(path, "carol\n")
        agent.signal(signal.SIGHUP)
        line = agent.wait_for(r"not reloaded")
        expect("a wrong file is named", "line 1" in line, line)
        expect("a wrong file changes nothing", send(agent, X_API_Key="carols-long-secret-key").status == 200, "")

        statuses = [send(agent, X_API_Key=f"a-guess-of-the-key-{i}").status for i in range(40)]
        expect("guessing is slowed down", statuses[0] == 401 and statuses[-1] == 429, statuses)
        expect("whoever has a key is not", send(agent, X_API_Key="carols-long-secret-key").status == 200, "")
        statuses = [call(agent, "GET", "/admin/dead-letters", Authorization=f"Bearer a-guess-{i}").status for i in range(40)]
        expect("guessing the operator's token is slowed down", statuses[0] == 401 and statuses[-1] == 429, statuses)
        operator = call(agent, "GET", "/admin/dead-letters", Authorization="Bearer an-operators-token-1")
        expect("the operator is not", operator.status == 200, operator)
    said = refusal(PROGRAM, API_KEYS_FILE=path)
    expect("a wrong file is refused at start", "A2AKIT_API_KEYS_FILE" in said and "line 1" in said, said)


def upload_without_key(agent):
    """The body is announced, and not waited for."""
    with socket.create_connection(("127.0.0.1", agent.port), timeout=TIMEOUT) as connection:
        connection.sendall(b"POST /message:send HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n"
                           b"Content-Type: application/json\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n")
        answer = connection.recv(4096)
        expect("credentials are checked before the body", answer.startswith(b"HTTP/1.1 401 "), answer)


class KeyServer:
    """Serves a set of keys over plain http, and counts how often."""

    def __init__(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                body = server.texts.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *_):
                pass

        self.asked, self.texts = [], {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


ISSUER = "https://issuer.example"


def claims(**more):
    now = int(time.time())
    all_claims = {"iss": ISSUER, "aud": "a2a", "sub": "alice", "iat": now, "exp": now + 300, **more}
    return {name: value for name, value in all_claims.items() if value is not None}


def tokens(directory):
    keys = {algorithm: Key(directory, algorithm, algorithm.lower()) for algorithm in ("RS256", "PS256", "ES256", "EdDSA")}
    other = Key(directory, "ES256", "es256")  # the same id, another key
    keys["ES256"] = Key(directory, "ES256", "ec")
    path = os.path.join(directory, "set.json")
    write_set(path, *keys.values())
    key, now = keys["ES256"], int(time.time())
    with AgentProcess(PROGRAM, JWT_JWKS_URL="file://" + path, JWT_ISSUER=ISSUER, JWT_AUDIENCE="a2a", JWT_SCOPES="a2a.call") as agent:
        good = {"scope": "other a2a.call"}

        def with_token(token):
            return send(agent, Authorization="Bearer " + token)

        for algorithm, one in keys.items():
            answer = with_token(one.token(claims(**good)))
            expect(f"a token by {algorithm}", answer.status == 200, answer)
        alg_none = encode({"alg": "none"}) + "." + encode(claims(**good)) + "."
        bad = {
            "expired": key.token(claims(**good, exp=now - 61)),
            "without expiry": key.token(claims(**good, exp=None)),
            "not valid yet": key.token(claims(**good, nbf=now + 3600)),
            "of another issuer": key.token(claims(**good, iss="https://evil.example")),
            "without issuer": key.token(claims(**good, iss=None)),
            "for another audience": key.token(claims(**good, aud="b")),
            "without audience": key.token(claims(**good, aud=None)),
            "without subject": key.token(claims(**good, sub=None)),
            "by another key": other.token(claims(**good), kid="ec"),
            "by an unknown key": other.token(claims(**good), kid="unknown"),
            "without signature": key.token(claims(**good)).rsplit(".", 1)[0] + ".",
            "with alg none": alg_none,
            "of a symmetric algorithm": key.token(claims(**good), alg="HS256"),
            "with the algorithm of another key": keys["RS256"].token(claims(**good), alg="PS256"),
            "of another type": key.token(claims(**good), typ="logout+jwt"),
            "with crit": key.token(claims(**good), crit=["b64"], b64=False),
            "too large": key.token(claims(**good, padding="x" * 9000)),
            "garbage": "a.b.c",
        }
        for name, token in bad.items():
            answer = with_token(token)
            expect(f"a token {name}", answer.status in (401, 429) and "invalid_token" in (answer.headers["WWW-Authenticate"] or
                   ("invalid_token" if answer.status == 429 else "")), answer)
        within = with_token(key.token(claims(**good, exp=now - 5)))
        expect("a token that has just expired is within the skew", within.status == 200, within)
        less = with_token(key.token(claims(scope="other")))
        expect("a token without the scope", less.status == 403 and "insufficient_scope" in less.headers["WWW-Authenticate"] and
               'scope="a2a.call"' in less.headers["WWW-Authenticate"], less)
        without = send(agent)
        expect("no token", without.status == 401 and without.headers["WWW-Authenticate"].startswith("Bearer "), without)
        sent = with_token(key.token(claims(**good)))
        task = "/tasks/" + sent.json()["task"]["id"]
        answer = call(agent, "GET", task, Authorization="Bearer " + key.token(claims(**good, sub="bob")))
        expect("another subject does not see the task", answer.status == 404, answer)
        card = call(agent, "GET", "/.well-known/agent-card.json").json()
        expect("the card declares the token and its scope",
               card["securitySchemes"]["bearer"]["httpAuthSecurityScheme"]["bearerFormat"] == "JWT" and
               card["securityRequirements"][0]["schemes"]["bearer"] == {"list": ["a2a.call"]}, card)


def rotation(directory):
    server = KeyServer()
    first, second = Key(directory, "ES256", "first"), Key(directory, "EdDSA", "second")
    server.texts["/keys"] = json.dumps({"keys": [first.jwk()]})
    settings = {"JWT_ISSUER": server.url, "JWT_AUDIENCE": "a2a", "JWT_ALLOW_HTTP": "true"}
    server.texts["/.well-known/openid-configuration"] = json.dumps({"issuer": server.url, "jwks_uri": server.url + "/keys"})
    with AgentProcess(PROGRAM, JWT_MIN_REFRESH="0", **settings) as agent:
        expect("keys are fetched when they are needed", server.asked == [], server.asked)
        token = first.token(claims(iss=server.url))
        for _ in range(3):
            expect("a token of a discovered issuer", send(agent, Authorization="Bearer " + token).status == 200, server.asked)
        expect("keys are kept", server.asked.count("/keys") == 1, server.asked)
        server.texts["/keys"] = json.dumps({"keys": [second.jwk()]})
        answer = send(agent, Authorization="Bearer " + second.token(claims(iss=server.url)))
        expect("a new key is found", answer.status == 200, answer)
        answer = send(agent, Authorization="Bearer " + token)
        expect("a key that was taken away is not used", answer.status == 401, answer)
    server.asked.clear()
    with AgentProcess(PROGRAM, JWT_MIN_REFRESH="3600", **settings) as agent:
        for i in range(10):
            send(agent, Authorization="Bearer " + second.token(claims(iss=server.url), kid=f"forged-{i}"))
        expect("forged ids do not make it fetch", server.asked.count("/keys") == 1, server.asked)
    server.texts.clear()
    with AgentProcess(PROGRAM, **settings) as agent:
        answer = send(agent, Authorization="Bearer " + token)
        expect("without keys nobody is judged", answer.status == 503 and answer.headers["Retry-After"], answer)
    said = refusal(PROGRAM, JWT_JWKS_URL=server.url + "/keys")
    expect("keys over plain http are refused", "A2AKIT_JWT_ALLOW_HTTP" in said, said)
    said = refusal(PROGRAM, JWT_JWKS_URL="https://a/", JWT_ALGORITHMS="RS256,HS256")
    expect("a symmetric algorithm is refused", "HS256" in said, said)
    said = refusal(PROGRAM, JWT_AUDIENCE="a2a")
    expect("an audience alone is refused", "A2AKIT_JWT_ISSUER" in said, said)


def renewal(directory):
    """SIGHUP renews all files together, or none of them when one is wrong; keys of tokens in a file too."""
    first, second = Key(directory, "ES256", "old"), Key(directory, "ES256", "new")
    keys, key_set = os.path.join(directory, "renewed"), os.path.join(directory, "renewed.json")
    write(keys, "alice alices-long-secret-key\n")
    write_set(key_set, first)
    with AgentProcess(PROGRAM, API_KEYS_FILE=keys, JWT_JWKS_URL="file://" + key_set, JWT_ISSUER=ISSUER, JWT_AUDIENCE="a2a",
                      JWT_MIN_REFRESH="3600") as agent:
        def statuses():
            asked = [{"X_API_Key": "alices-long-secret-key"}, {"X_API_Key": "bobs-new-secret-key-1"}]
            asked += [{"Authorization": "Bearer " + key.token(claims())} for key in (first, second)]
            return [send(agent, **headers).status for headers in asked]

        expect("before", statuses() == [200, 401, 200, 401], statuses())
        write(keys, "bob bobs-new-secret-key-1\n")
        write(key_set, "not a set of keys")
        agent.signal(signal.SIGHUP)
        line = agent.wait_for(r"not reloaded")
        expect("the wrong file is named", "A2AKIT_JWT_JWKS_URL" in line, line)
        expect("nothing is renewed when one file is wrong", statuses() == [200, 401, 200, 401], statuses())
        write_set(key_set, second)
        agent.signal(signal.SIGHUP)
        agent.wait_for(r" reloaded ")
        expect("all is renewed", statuses() == [401, 200, 401, 200], statuses())


def hosts_and_origins():
    with AgentProcess(PROGRAM, CORS_ORIGINS="https://app.example") as agent:
        expect("a loopback agent refuses foreign hosts", send(agent, Host="evil.example").status == 421, "")
        answer = call(agent, "GET", "/.well-known/agent-card.json", Host="evil.example:80")
        expect("the card too", answer.status == 421, answer)
        answer = call(agent, "OPTIONS", "/", Origin="https://app.example", Access_Control_Request_Method="POST")
        expect("CORS", answer.status == 204 and answer.headers["Access-Control-Allow-Origin"] == "https://app.example", answer)
    for settings in ({"HOST": "0.0.0.0"}, {"ALLOWED_HOSTS": "*"}, {"PUBLIC_URL": "https://evil.example/a"},
                     {"TRUST_FORWARDED": "true"}, {"ALLOWED_HOSTS": "*.example,localhost"}):
        with AgentProcess(PROGRAM, **settings) as agent:
            answer = send(agent, Host="evil.example", Origin="https://app.example")
            expect(f"{settings} lets it pass", answer.status == 200, answer)
            expect("without the setting there is no CORS", answer.headers["Access-Control-Allow-Origin"] is None, answer)
    for name, value in (("ALLOWED_HOSTS", "http://a"), ("CORS_ORIGINS", "app.example"), ("TRUSTED_PROXIES", "10.0.0.0/99")):
        said = refusal(PROGRAM, **{name: value})
        expect(f"{name} is checked", "A2AKIT_" + name in said and value in said, said)


def proxies():
    forwarded = {"X_Forwarded_Host": "agents.example", "X_Forwarded_Proto": "https"}
    for networks, trusted in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
        with AgentProcess(PROGRAM, TRUSTED_PROXIES=networks) as agent:
            card = call(agent, "GET", "/.well-known/agent-card.json", **forwarded)
            expect(f"forwarded headers where {networks} is trusted", ("https://agents.example/" in card.text) == trusted, card)


def rates(directory):
    path = os.path.join(directory, "rate-keys")
    write(path, "alice alices-long-secret-key\nbob bobs-long-secret-key-2\n")
    alice, bob = {"X_API_Key": "alices-long-secret-key"}, {"X_API_Key": "bobs-long-secret-key-2"}
    with AgentProcess(PROGRAM, API_KEYS_FILE=path, RATE_PER_PRINCIPAL="0.01", RATE_BURST="3") as agent:
        statuses = [send(agent, **alice).status for _ in range(4)]
        expect("a principal's burst", statuses == [200, 200, 200, 429], statuses)
        answer = rpc(agent, "GetTask", {"id": "x"}, **alice)
        info = [d for d in answer.json()["error"]["data"] if d["@type"].endswith("google.rpc.RetryInfo")]
        expect("over JSON-RPC", answer.status == 429 and int(answer.headers["Retry-After"]) > 60 and info, answer)
        entry = {"jsonrpc": "2.0", "method": "GetTask", "params": {"id": "x"}}
        batch = call(agent, "POST", "/", [{**entry, "id": i} for i in range(4)], **bob)
        codes = [one["error"]["code"] for one in batch.json()]
        expect("each call of a batch counts", codes == [-32001, -32001, -32001, -32603], batch)
    with AgentProcess(PROGRAM, RATE_PER_ADDRESS="0.01", RATE_BURST="2") as agent:
        statuses = [send(agent).status for _ in range(3)] + [call(agent, "GET", "/health").status]
        expect("an address's burst", statuses == [200, 200, 429, 200], statuses)


def signed_card(directory):
    key = Key(directory, "EdDSA", "card")
    with AgentProcess(PROGRAM, CARD_KEY=key.path, CARD_KEY_ID="card-1") as agent:
        expect("the log names the key", "card-1" in "".join(agent.lines), agent.lines)
        card = call(agent, "GET", "/.well-known/agent-card.json").json()
        signature = card.pop("signatures")[0]
        head = json.loads(decode(signature["protected"]))
        expect("the header names algorithm and key", head == {"alg": "EdDSA", "kid": "card-1", "typ": "JOSE"}, head)
        # The canonical form of a card with nothing unusual in it.
        text = json.dumps(card, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        signed = (signature["protected"] + "." + encode(text)).encode()
        expect("openssl verifies it", key.verifies(signed, decode(signature["signature"])), card)
        expect("a changed card is not verified", not key.verifies(signed + b"x", decode(signature["signature"])), card)
    for what, path in (("a wrong key", directory + "/set.json"), ("a folder", directory), ("nothing", directory + "/none")):
        said = refusal(PROGRAM, CARD_KEY=path)
        expect(what + " is refused as a key", "A2AKIT_CARD_KEY" in said and "PEM" in said, said)


def main():
    with tempfile.TemporaryDirectory() as directory:
        api_keys(directory)
        tokens(directory)
        rotation(directory)
        renewal(directory)
        hosts_and_origins()
        proxies()
        rates(directory)
        signed_card(directory)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
