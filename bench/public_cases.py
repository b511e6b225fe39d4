"""The cases of bench/run about an agent on a public address: TLS, webhooks, and clients that are slow on purpose."""
import http.server
import json
import re
import socket
import ssl
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

CLIENTS = 32
SLOW = 1_000
DEAD = 1_000


def cpu_ns(pid):
    """What all threads of a process have used."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has ended
    return total


class Stamps(http.server.ThreadingHTTPServer):
    """A webhook that notes how old the time in each chunk is when its first bytes are read."""
    daemon_threads = True

    def __init__(self):
        self.ages_ms = []
        stamps = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                now = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if found := re.search(r'"text":"\d+ (\d+)"', body):
                    stamps.ages_ms.append(now * 1000 - int(found.group(1)) / 1000)
                self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class PublicCases:
    PUBLIC_CASES = ["tls_send", "push_latency", "dead_webhooks", "slow_clients"]

    # -- pieces ------------------------------------------------------------------------------------------------------
    def certificate(self):
        files = [self.work / "cert.pem", self.work / "key.pem"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        files[1], "-out", files[0], "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
        return files

    def in_turn(self, server, request, requests, context=None):
        """Server CPU in microseconds per request, over one connection that is kept."""
        text = Path(request).read_bytes()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain

            def exchange(number):
                connection.sendall(text.replace(b"@@@@@@@@", b"%08d" % number))
                data = b""
                while (head := data.find(b"\r\n\r\n")) < 0 or len(data) < head + 4 + int(
                        re.search(rb"Content-Length: (\d+)", data[:head], re.I).group(1)):
                    more = connection.recv(65536)
                    if not more:
                        raise SystemExit("the server closed the connection")
                    data += more
                assert data.startswith(b"HTTP/1.1 200"), data[:200]
            for number in range(requests // 10):
                exchange(number)
            before = cpu_ns(server.process.pid)
            for number in range(requests):
                exchange(number)
            return (cpu_ns(server.process.pid) - before) / requests / 1000

    def p99_ms(self, server, request, requests, rate):
        return self.load(server, request, requests, CLIENTS, rate=rate)["p99_us"] / 1000

    def p99_beside(self, name, quiet, disturbed, request, reach):
        """p99 of the same load on two servers turn by turn, at half of what one can do."""
        rate = int(self.load(quiet, request, 20_000, CLIENTS)["rps"] / 2)
        self.load(disturbed, request, 5_000, CLIENTS)
        ours, baseline = [], []
        for _ in range(max(5, self.rounds)):
            baseline.append(self.p99_ms(quiet, request, rate * 3, rate))
            ours.append(self.p99_ms(disturbed, request, rate * 3, rate))
        self.report_runs(name, "ms", ours, baseline, reach)

    @staticmethod
    def wait_until_idle(server):
        """Until it has used less than a tenth of a core for half a second."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = cpu_ns(server.process.pid)
            time.sleep(0.5)
            if cpu_ns(server.process.pid) - before < 50_000_000:
                return

    @contextmanager
    def slow_crowd(self, server):
        """SLOW connections that send their request by the byte, and as many that do not read their streams."""
        head = (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nA2A-Version: 1.0\r\n"
                b"Content-Length: 60000\r\n\r\n")
        stream = Path(self.stream("chunks 400")).read_bytes()
        senders, readers, stopped = [], [], threading.Event()

        def send_slowly():
            while not stopped.wait(0.5):
                for number, sender in enumerate(senders):
                    try:
                        sender.send(b" ")
                    except OSError:  # it was too slow for the server
                        sender.close()
                        senders[number] = socket.create_connection(("127.0.0.1", server.port))
                        senders[number].sendall(head)
        for number in range(SLOW):
            senders.append(socket.create_connection(("127.0.0.1", server.port)))
            senders[-1].sendall(head)
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(stream.replace(b"@@@@@@@@", b"%08d" % number))
            readers.append(reader)
        thread = threading.Thread(target=send_slowly)
        thread.start()
        try:
            self.wait_until_idle(server)
            yield
        finally:
            stopped.set()
            thread.join()
            for one in senders + readers:
                one.close()

    # -- cases -------------------------------------------------------------------------------------------------------
    def tls_send(self):
        certificate, key = self.certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        request = self.send("echo " + "x" * 295)
        requests = int(10_000 * self.scale)
        with self.agent() as plain, self.agent(A2AKIT_TLS_CERT=str(certificate), A2AKIT_TLS_KEY=str(key)) as secure:
            ours, baseline = [], []
            for _ in range(self.rounds):
                baseline.append(self.in_turn(plain, request, requests))
                ours.append(self.in_turn(secure, request, requests, context))
        self.report_runs("tls_1_3_blocking_send", "us CPU/request", ours, baseline, 1.5)

    def push_agent(self, **environment):
        return self.agent(BENCH_PUSH="1", A2AKIT_PUSH_ALLOW_HTTP="true", A2AKIT_PUSH_ALLOW_NETWORKS="127.0.0.0/8",
                          **environment)

    def send_with_webhook(self, server, text, url):
        params = self.message(text)
        params["configuration"] = {"returnImmediately": True, "taskPushNotificationConfig": {"url": url}}
        return self.call(server, "SendMessage", params)

    def push_latency(self):
        stamps = Stamps()
        with self.push_agent() as ours:
            for _ in range(self.rounds):
                self.send_with_webhook(ours, "stamps 50", f"http://127.0.0.1:{stamps.server_address[1]}/")
                deadline, expected = time.monotonic() + 30, len(stamps.ages_ms) + 50
                while len(stamps.ages_ms) < expected and time.monotonic() < deadline:
                    time.sleep(0.05)
        stamps.shutdown()
        self.report("event_to_webhook_median", "ms", statistics.median(stamps.ages_ms), 0, 10.0)
        self.remark(f"{len(stamps.ages_ms)} events, slowest {max(stamps.ages_ms):.1f} ms")

    def dead_webhooks(self):
        request = self.send("echo " + "x" * 295)
        with socket.create_server(("127.0.0.1", 0), backlog=1) as silent, self.push_agent() as quiet, \
                self.push_agent() as disturbed:
            # Every other one refuses connections, and the rest never answer.
            for number in range(DEAD):
                port = 1 if number % 2 else silent.getsockname()[1]
                self.send_with_webhook(disturbed, "echo x", f"http://127.0.0.1:{port}/{number}")
            self.p99_beside("p99_beside_1000_dead_webhooks", quiet, disturbed, request, 1.2)

    def slow_clients(self):
        request = self.send("echo " + "x" * 295)
        environment = {"A2AKIT_MAX_BODY_BYTES": "65536"}
        with self.agent(**environment) as quiet, self.agent(**environment) as disturbed, self.slow_crowd(disturbed):
            self.p99_beside("p99_beside_2000_slow_clients", quiet, disturbed, request, 1.5)
