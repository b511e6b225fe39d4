"""The cases of protocol 0.3 and of gRPC, beside 1.0 over JSON-RPC and beside a bare gRPC server."""
import json
import statistics
import subprocess
import time

TEXT = "echo " + "x" * 295
EVENTS = 23  # the task, that it works, 20 chunks, and that it has ended


class DialectCases:
    DIALECT_CASES = ["send_0_3", "grpc_send", "grpc_stream", "six_dialects"]

    def send_0_3(self):
        message = {"kind": "message", "messageId": "message-@@@@@@@@", "role": "user",
                   "parts": [{"kind": "text", "text": TEXT}]}
        old = self.request("message/send", {"message": message}, version=None)
        with self.agent() as ours, self.agent() as other:
            self.beside("send_0_3_vs_1_0", ours, other, old, 60_000, 1.15, self.send(TEXT))

    def grpc_agent(self, cores=None):
        """With its port of gRPC, which only the start-up line knows when any free one will do."""
        port = self.free_port()
        environment = {"A2AKIT_LOG_LEVEL": "warn", "A2AKIT_GRPC_PORT": str(port)}
        program = self.program([self.programs / "bench_agent_grpc"], environment, cores=cores or self.server_core)
        program.grpc_port = port
        return program

    def grpc_load(self, server, port, kind, text, requests, file=None):
        command = self.on_cores(self.load_core) + [
            str(self.programs / "grpc_load"), str(port), kind, text, str(max(1, int(requests * self.scale))), "8",
            str(server.process.pid)] + ([str(file)] if file else [])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)["cpu_us"]

    def grpc_case(self, name, kind, text, requests, reach):
        answers = self.work / f"{name}.messages"
        with self.grpc_agent() as ours:
            self.grpc_load(ours, ours.grpc_port, kind, text, 100, answers)
            with self.program([self.programs / "bare_grpc", "PORT", answers]) as bare:
                a, b = [], []
                for _ in range(self.rounds):
                    a.append(self.grpc_load(ours, ours.grpc_port, kind, text, requests))
                    b.append(self.grpc_load(bare, bare.port, kind, text, requests))
        self.report(name, "us CPU/request", statistics.median(a), statistics.median(b), reach,
                    [x / y for x, y in zip(a, b)])

    def grpc_send(self):
        self.grpc_case("grpc_send", "send", TEXT, 20_000, 1.4)

    def grpc_stream(self):
        self.grpc_case(f"grpc_stream_of_{EVENTS}", "stream", "chunks-yield 20", 4_000, 1.5)

    def six_dialects(self):
        """Both versions over all three bindings: what it takes to be there, and to get there."""
        with self.grpc_agent() as ours:
            self.call(ours, "SendMessage", self.message("echo hello"))
            self.report("six_dialects_idle", "MiB resident", ours.rss_kib() / 1024, 0, 40)
        times = []
        for _ in range(max(5, self.rounds)):
            begin = time.perf_counter()
            with self.grpc_agent() as ours:
                self.call(ours, "SendMessage", self.message("echo hello"))
                times.append((time.perf_counter() - begin) * 1000)
        self.report("six_dialects_first_answer", "ms", statistics.median(times), 0, 60)
