#!/usr/bin/env python3
"""HTTPS as real clients meet it: curl and Python's ssl, with and without certificates of their own.

usage: tls.py ECHO   (an agent that echoes)
"""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from agent_process import AgentProcess, refusal
from certificates import Authority, openssl

PROGRAM = sys.argv[1]
TIMEOUT = 60
failures = []


def expect(name, condition, seen):
    if not condition:
        failures.append(f"{name}: {str(seen)[:800]}")


def send_body(text="hi"):
    return json.dumps({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": text}]}}).encode()


def request(method, path, body=b"", close=False):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if close:
        head += "Connection: close\r\n"
    return head.encode() + b"\r\n" + body


def read_answer(connection, data=b""):
    """Status, head and body of one answer with a Content-Length, and the bytes behind it."""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    head, rest = data.split(b"\r\n\r\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    length = int(fields["Content-Length"])
    while len(rest) < length:
        rest += received(connection)
    return int(head.split()[1]), fields, rest[:length], rest[length:]


def received(connection):
    more = connection.recv(65536)
    if not more:
        raise SystemExit("the server has closed the connection")
    return more


def client_context(authority, certificate=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def connect(agent, context, port=None):
    raw = socket.create_connection(("127.0.0.1", port or agent.port), timeout=TIMEOUT)
    return context.wrap_socket(raw, server_hostname="localhost")


def ask(agent, context, method, path, body=b""):
    with connect(agent, context) as connection:
        connection.sendall(request(method, path, body))
        status, fields, answer, _ = read_answer(connection)
        return status, fields, json.loads(answer) if answer else None


def curl(agent, authority, path, *options):
    return subprocess.run(["curl", "-sS", "--cacert", authority.certificate, *options,
                           f"https://localhost:{agent.port}{path}"], capture_output=True, text=True, timeout=TIMEOUT)


def https(authority, pair):
    context = client_context(authority)
    with AgentProcess(PROGRAM, TLS_CERT=pair[0], TLS_KEY=pair[1], HEADER_TIMEOUT="1", LOG_LEVEL="debug") as agent:
        expect("the start-up line says https", agent.scheme == "https", agent.start_line)
        card = curl(agent, authority, "/.well-known/agent-card.json")
        expect("curl reads the card", card.returncode == 0 and f"https://127.0.0.1:{agent.port}" in card.stdout, card)
        http2 = curl(agent, authority, "/health", "--http2", "-w", " %{http_version}")
        expect("ALPN chooses http/1.1", http2.stdout.endswith("} 1.1"), http2)
        old = curl(agent, authority, "/health", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0")
        expect("TLS 1.1 is refused", old.returncode != 0, old)
        weak = curl(agent, authority, "/health", "--tls-max", "1.2", "--ciphers", "AES128-SHA")
        expect("a cipher without forward secrecy is refused", weak.returncode != 0, weak)
        tls12 = curl(agent, authority, "/health", "--tls-max", "1.2")
        expect("TLS 1.2 is served", tls12.stdout == '{"status":"ok"}', tls12)

        with connect(agent, context) as connection:
            expect("TLS 1.3 is chosen", connection.version() == "TLSv1.3", connection.version())
            for size in (10, 100_000, 3_000_000):
                connection.sendall(request("POST", "/message:send", send_body("x" * size)))
                status, fields, answer, _ = read_answer(connection)
                expect(f"{size} bytes there and back on one connection", status == 200 and b"x" * size in answer,
                       (status, answer))
            expect("the browser is told to stay with https", fields.get("Strict-Transport-Security") ==
                   "max-age=31536000", fields)
            expect("the browser must not guess types", fields.get("X-Content-Type-Options") == "nosniff", fields)
            # Several requests in one record, of which OpenSSL holds the rest while the first is answered.
            connection.sendall(request("GET", "/health") * 20)
            rest = b""
            for _ in range(20):
                status, _, answer, rest = read_answer(connection, rest)
                expect("requests that arrive together", status == 200, answer)
        with connect(agent, context) as connection:
            connection.sendall(request("GET", "/health", close=True))
            data = b""
            while more := connection.recv(65536):
                data += more
            expect("the server says goodbye", data.endswith(b'{"status":"ok"}'), data)
        with connect(agent, context) as connection:
            connection.sendall(request("POST", "/message:stream", send_body()))
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                data += received(connection)
            expect("a stream of events", b"TASK_STATE_COMPLETED" in data, data)
        misuse(agent, context)
        slow_reader(agent, context)


def misuse(agent, context):
    with socket.create_connection(("127.0.0.1", agent.port), timeout=TIMEOUT) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while more := plain.recv(4096):
            data += more
        expect("plain HTTP is told what to use", data.startswith(b"HTTP/1.1 400 ") and b"https" in data, data)
    with socket.create_connection(("127.0.0.1", agent.port), timeout=TIMEOUT) as silent:
        expect("a silent client is cut off", silent.recv(10) == b"", "data")
    with socket.create_connection(("127.0.0.1", agent.port), timeout=TIMEOUT) as wild:
        wild.sendall(b"\x16\x03\x01\xff\xff" + b"\xff" * 1000)
        try:
            while wild.recv(4096):
                pass
        except ConnectionError:
            pass
    connection = connect(agent, context)
    connection.sendall(request("POST", "/message:send", send_body())[:-5])
    raw = socket.socket(fileno=connection.detach())
    raw.close()  # without goodbye, in the middle of a request
    status, _, _ = ask(agent, context, "GET", "/health")
    expect("it still serves", status == 200, status)


def slow_reader(agent, context):
    """The answer is larger than all buffers on its way; the client reads it late and in small pieces."""
    with connect(agent, context) as connection:
        text = "y" * 6_000_000
        connection.sendall(request("POST", "/message:send", send_body(text)))
        status, _, _ = ask(agent, context, "GET", "/health")
        expect("others are served meanwhile", status == 200, status)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(1)
        head, rest = data.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        count = len(rest)
        while count < length:
            count += len(connection.recv(3000))
        expect("the whole answer arrives", count == length and length > 6_000_000, (count, length))


def reload(directory, authority, pair):
    other = Authority(directory, "other-ca")
    cert, key = os.path.join(directory, "live.pem"), os.path.join(directory, "live.key")
    shutil.copy(pair[0], cert)
    shutil.copy(pair[1], key)
    with AgentProcess(PROGRAM, TLS_CERT=cert, TLS_KEY=key) as agent, \
            connect(agent, client_context(authority)) as former:
        for path, to in zip(other.issue("fresh"), (cert, key)):
            shutil.copy(path, to)
        agent.signal(signal.SIGHUP)
        agent.wait_for(r" reloaded url=https://")
        status, _, _ = ask(agent, client_context(other), "GET", "/health")
        expect("new connections get the new certificate", status == 200, status)
        former.sendall(request("GET", "/health"))
        expect("former connections go on", read_answer(former)[0] == 200, "no answer")

        shutil.copy(pair[1], key)
        agent.signal(signal.SIGHUP)
        line = agent.wait_for(r"not reloaded")
        expect("a wrong pair is named", "A2AKIT_TLS_KEY" in line and "does not belong" in line, line)
        status, _, _ = ask(agent, client_context(other), "GET", "/health")
        expect("after a failed reload everything is as before", status == 200, status)


def wrong_files(directory, pair):
    stranger = Authority(directory, "stranger").issue("stranger-server")
    garbage = os.path.join(directory, "garbage.pem")
    with open(garbage, "w", encoding="ascii") as file:
        file.write("not PEM\n")
    locked = os.path.join(directory, "locked.key")
    openssl("pkey", "-in", pair[1], "-aes256", "-passout", "pass:secret", "-out", locked)
    cases = {
        "key of another certificate": ({"TLS_CERT": pair[0], "TLS_KEY": stranger[1]},
                                       "A2AKIT_TLS_KEY.*does not belong to the certificate"),
        "no such certificate": ({"TLS_CERT": directory + "/none.pem", "TLS_KEY": pair[1]}, "A2AKIT_TLS_CERT.*none.pem"),
        "no PEM": ({"TLS_CERT": garbage, "TLS_KEY": pair[1]}, "A2AKIT_TLS_CERT.*PEM"),
        "key with a passphrase": ({"TLS_CERT": pair[0], "TLS_KEY": locked}, "A2AKIT_TLS_KEY.*passphrase"),
        "certificate alone": ({"TLS_CERT": pair[0]}, "A2AKIT_TLS_KEY.*is missing"),
        "key alone": ({"TLS_KEY": pair[1]}, "A2AKIT_TLS_CERT.*is missing"),
        "authorities alone": ({"TLS_CLIENT_CA": pair[0]}, "A2AKIT_TLS_CERT.*is missing"),
        "no authorities": ({"TLS_CERT": pair[0], "TLS_KEY": pair[1], "TLS_CLIENT_CA": garbage}, "A2AKIT_TLS_CLIENT_CA.*PEM"),
    }
    import re
    for name, (settings, message) in cases.items():
        said = refusal(PROGRAM, **settings)
        expect(name, re.search(message, said) and said.count("\n") == 1, said)


def mutual(directory, authority, pair):
    alice = authority.issue("alice", "/O=Example/CN=alice", names=None)
    robot = authority.issue("robot", names="URI:spiffe://example/robot")
    stranger = Authority(directory, "nobody-ca").issue("alice-of-another-ca", "/O=Example/CN=alice", names=None)
    with AgentProcess(PROGRAM, TLS_CERT=pair[0], TLS_KEY=pair[1], TLS_CLIENT_CA=authority.certificate) as agent:
        status, _, sent = ask(agent, client_context(authority, alice), "POST", "/message:send", send_body())
        expect("a client with a certificate is served", status == 200, sent)
        task = sent["task"]["id"]
        for name, certificate, wanted in (("its owner", alice, 200), ("somebody else", robot, 404)):
            status, _, _ = ask(agent, client_context(authority, certificate), "GET", "/tasks/" + task)
            expect(f"the task as {name} sees it", status == wanted, status)
        for name, certificate in (("without a certificate", None), ("with one of another authority", stranger)):
            try:
                status, _, _ = ask(agent, client_context(authority, certificate), "GET", "/health")
                expect(f"a client {name} is refused", False, status)
            except (ssl.SSLError, ConnectionError, SystemExit):
                pass
        status, _, card = ask(agent, client_context(authority, alice), "GET", "/.well-known/agent-card.json")
        expect("the card declares it", card["securitySchemes"] and "mtlsSecurityScheme" in
               card["securitySchemes"]["mutualTls"] and card["securityRequirements"], card)


def main():
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority(directory)
        pair = authority.issue("server")
        https(authority, pair)
        https(authority, authority.issue("rsa", key=("rsa", "rsa_keygen_bits:2048")))
        reload(directory, authority, pair)
        wrong_files(directory, pair)
        mutual(directory, authority, pair)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


sys.exit(main())
