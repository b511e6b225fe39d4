#!/usr/bin/env python3
"""Clients of the gRPC port that are broken or mean harm: what they send and do not read stays bounded, and others are served.

usage: grpc_bad_input.py AGENT [unittest's arguments]     (AGENT: tests/interop/interop_agent)
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import http2  # noqa: E402

AGENT = None
MIB = 1 << 20
SEND = "/lf.a2a.v1.A2AService/SendMessage"
STREAM = "/lf.a2a.v1.A2AService/SendStreamingMessage"
SETTINGS = {"A2AKIT_GRPC_PORT": "0", "A2AKIT_WRITE_TIMEOUT": "1", "A2AKIT_MAX_BODY_BYTES": str(MIB),
            "A2AKIT_MAX_REQUEST_BYTES": str(16 * MIB), "A2AKIT_MAX_RESPONSE_BYTES": str(16 * MIB)}


def field(number, content):
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def saying(text):
    """A SendMessageRequest with the prefix that each message of gRPC has."""
    message = field(1, b"m") + b"\x20\x01" + field(5, field(1, text.encode()))
    request = field(2, message)
    return struct.pack(">BI", 0, len(request)) + request


def status_of(frame):
    """The grpc-status in trailers that are written out."""
    name = b"\x0bgrpc-status"
    rest = frame[3][frame[3].index(name) + len(name):]
    return int(rest[1:1 + rest[0]])


class Agent:
    def __init__(self, **settings):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("A2AKIT_")}
        self.process = subprocess.Popen([AGENT], env={**clean, **SETTINGS, **settings}, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()
        with urllib.request.urlopen(f"{self.url}/.well-known/agent-card.json") as answer:
            interfaces = json.load(answer)["supportedInterfaces"]
        self.port = next(int(one["url"].rsplit(":", 1)[1]) for one in interfaces if one["protocolBinding"] == "GRPC")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def connect(self, settings=()):
        return http2.Connection(self.port, settings)

    def serves(self):
        """Whether another client gets its answer."""
        with self.connect() as client:
            client.call(SEND)
            client.data(1, saying("echo hi"), http2.END_STREAM)
            while (frame := client.until(http2.DATA, http2.HEADERS))[0] == http2.HEADERS:
                if frame[1] & http2.END_STREAM:
                    return False
            return b"Echo: echo hi" in frame[3]

    def tasks(self):
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/tasks", headers={"A2A-Version": "1.0"})) as answer:
            return json.load(answer)["tasks"]

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class BadInput(unittest.TestCase):
    def test_a_message_without_end_is_cut_off_before_it_fills_the_memory(self):
        with Agent() as agent, agent.connect() as client:
            before = agent.resident()
            client.call(SEND)
            sent, most = 0, 200 * MIB
            client.data(1, struct.pack(">BI", 0, 0xffffffff))
            while sent < most:
                size = min(16384, client.window(1))
                if size:
                    client.data(1, bytes(size))
                    sent += size
                elif (frame := client.frame()) and frame[0] in (http2.RESET, http2.GOAWAY):
                    break
            self.assertLess(sent, 64 * MIB, "the budgets are 32 MiB")
            self.assertLess(agent.resident() - before, 128 * MIB)
            self.assertTrue(agent.serves())

    def test_a_message_that_is_larger_than_it_may_be_is_refused(self):
        with Agent() as agent, agent.connect() as client:
            client.call(SEND)
            rest = saying("echo " + "x" * 2 * MIB)
            while rest:
                size = min(16384, client.window(1), len(rest))
                if size:
                    client.data(1, rest[:size], 0 if len(rest) > size else http2.END_STREAM)
                    rest = rest[size:]
                else:
                    client.frame()
            trailers = client.until(http2.HEADERS)[3]
            self.assertIn(http2.literal("grpc-status", "8")[1:], trailers)
            self.assertTrue(agent.serves())

    def test_a_connection_with_more_open_calls_than_it_may_have_is_closed(self):
        with Agent() as agent, agent.connect() as client:
            while client.most_streams is None:
                client.frame()
            self.assertEqual(client.most_streams, 1000)
            before = agent.resident()
            with contextlib.suppress(ConnectionError):  # while it sends
                for stream in range(1, 20001, 2):
                    client.call(SEND, stream)
            client.rest()  # returns when the server has closed it
            self.assertLess(agent.resident() - before, 160 * MIB)  # 21 MiB; 81 under AddressSanitizer
            self.assertTrue(agent.serves())

    def test_what_is_not_grpc_is_turned_away(self):
        with Agent() as agent:
            for garbage in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 100, b"\x16\x03\x01\x02\x00" * 50,
                            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64):
                with socket.create_connection(("127.0.0.1", agent.port), timeout=30) as client:
                    client.sendall(garbage)
                    try:
                        while client.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
            self.assertTrue(agent.serves())

    def test_clients_that_leave_in_the_middle_leave_nothing_behind(self):
        with Agent() as agent:
            self.assertTrue(agent.serves())
            before = agent.descriptors()
            for i in range(200):
                with agent.connect() as client:
                    if i % 4:
                        client.call(STREAM if i % 2 else SEND)
                        message = saying("echo " + "x" * 1000)
                        client.data(1, message if i % 4 == 1 else message[:i], 0)
            deadline = time.monotonic() + 30
            while agent.descriptors() > before + 5 and time.monotonic() < deadline:
                os.sched_yield()
            self.assertLessEqual(agent.descriptors(), before + 5)
            self.assertTrue(agent.serves())

    def test_calls_without_a_message_count_and_end_after_the_body_timeout(self):
        # Without a table of headers each answer is written out.
        with Agent(A2AKIT_MAX_WAITING_SENDS="3") as agent, agent.connect({1: 0}.items()) as client:
            for stream in (1, 3, 5, 7, 9):
                client.call(SEND, stream)
            refused = [client.until(http2.HEADERS) for _ in range(2)]
            self.assertEqual([status_of(frame) for frame in refused], [14, 14])
        with Agent(A2AKIT_BODY_TIMEOUT="0.5", A2AKIT_MAX_WAITING_SENDS="2") as agent, \
                agent.connect({1: 0}.items()) as client:
            client.call(SEND, 1)
            client.call(SEND, 3)
            client.data(3, saying("echo " + "x" * 1000)[:100])
            ended = [client.until(http2.HEADERS) for _ in range(2)]
            self.assertEqual({frame[2]: status_of(frame) for frame in ended}, {1: 4, 3: 4})
            while not agent.serves():  # until the slots are free again
                pass

    def test_an_answer_that_is_not_taken_is_dropped_after_the_write_timeout(self):
        with Agent(A2AKIT_MAX_WAITING_SENDS="1") as agent, agent.connect({http2.INITIAL_WINDOW_SIZE: 0}.items()) as client:
            client.call(SEND)
            client.data(1, saying("echo hi"), http2.END_STREAM)
            self.assertEqual(client.until(http2.RESET)[2], 1)
            # The client hears of it before the server has counted it.
            while not agent.serves():  # until the only slot of a waiting send is free again
                pass

    def test_a_stream_that_is_not_read_ends_after_the_write_timeout(self):
        with Agent(A2AKIT_MAX_STREAMS="1") as agent, agent.connect() as client:
            client.call(STREAM)
            rest = saying("echo " + "x" * 300000)
            while rest:
                size = min(16384, client.window(1), len(rest))
                if size:
                    client.data(1, rest[:size], 0 if len(rest) > size else http2.END_STREAM)
                    rest = rest[size:]
                else:
                    client.frame()
            # The window of 64 KiB is never opened again.
            taken = 0
            while (frame := client.until(http2.DATA, http2.RESET))[0] == http2.DATA:
                taken += len(frame[3])
            self.assertLessEqual(taken, 65535)

    def test_a_drain_is_told_by_health_and_goaway_and_answers_those_that_wait(self):
        with Agent(A2AKIT_DRAIN_TIMEOUT="2") as agent, agent.connect() as client:
            client.call("/grpc.health.v1.Health/Watch")
            client.data(1, bytes(5), http2.END_STREAM)
            self.assertEqual(client.until(http2.DATA)[3][5:], b"\x08\x01", "it serves")
            client.call(SEND, stream=3)
            client.data(3, saying("wait"), http2.END_STREAM)
            while not agent.tasks():
                pass
            agent.process.send_signal(signal.SIGTERM)
            frames = client.rest()
            self.assertIn((1, b"\x08\x02"), [(frame[2], frame[3][5:]) for frame in frames if frame[0] == http2.DATA],
                          "health says that it does not serve any more")
            self.assertIn(http2.GOAWAY, [frame[0] for frame in frames])
            self.assertEqual([frame[2] for frame in frames if frame[0] == http2.DATA and frame[2] != 1], [3], "the send that waits is answered with its task")


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
