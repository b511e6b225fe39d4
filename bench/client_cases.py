"""The cases of bench/run about those who call agents: the client library, the command line and `serve --exec`.

Figures are CPU of the caller, or the time of a whole command.
"""
import json
import os
import statistics
import subprocess
import time

EVENTS = 10_000


class ClientCases:
    CLIENT_CASES = ["client_send", "client_stream", "cli_send", "serve_exec"]

    # -- pieces ------------------------------------------------------------------------------------------------------
    def on_load_core(self, program, *arguments):
        command = self.on_cores(self.load_core) + [self.programs / program, *arguments]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)

    def command_line(self):
        return self.programs.parent / "bin" / "a2akit"

    def body_of(self, request):
        file = self.work / f"body-{len(list(self.work.iterdir()))}"
        file.write_bytes(request.read_bytes().partition(b"\r\n\r\n")[2])
        return file

    def served(self, *flags):
        port = self.free_port()
        return self.program([self.command_line(), "serve", "--port", port, "--log-level", "warn", *flags], port=port,
                            cores=None)

    @staticmethod
    def events():
        """The events of a task as an agent streams them, each of 300 bytes."""
        def line(number, result):
            answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}, separators=(",", ":"))
            return f"id: {number}\ndata: {answer}\n\n".encode()
        ids = {"taskId": "0199d2f4-53d1-7000-8000-000000000001", "contextId": "0199d2f4-53d1-7000-8000-000000000002"}

        def chunk(number, text):
            artifact = {"artifactId": "answer", "parts": [{"text": text}]}
            return line(number, {"artifactUpdate": {**ids, "artifact": artifact, "append": number > 1}})
        events = []
        for number in range(1, EVENTS):
            missing = 300 - len(chunk(number, ""))
            events.append(chunk(number, "w" * missing))
        events.append(line(EVENTS, {"statusUpdate": {**ids, "status": {"state": "TASK_STATE_COMPLETED"}}}))
        return b"".join(events)

    def run_for(self, command, times):
        """Milliseconds from start to exit, and of CPU, for each of `times` runs."""
        took, used = [], []
        for _ in range(times):
            begin = time.perf_counter()
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(self.work)})
            _, status, usage = os.wait4(process.pid, 0)
            took.append((time.perf_counter() - begin) * 1000)
            used.append((usage.ru_utime + usage.ru_stime) * 1000)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise SystemExit(f"{command} ended with {process.returncode}")
        return took, used

    # -- cases -------------------------------------------------------------------------------------------------------
    def client_send(self):
        """The client library's CPU per blocking send beside a bare libcurl loop with the same request."""
        count = max(32, int(20_000 * self.scale))
        with self.agent() as agent:
            body = self.body_of(self.send("echo " + "x" * 295))
            ours, threads, bare = [], [], []
            self.on_load_core("client_load", agent.port, "send", count // 4)
            for _ in range(self.rounds):
                ours.append(self.on_load_core("client_load", agent.port, "send", count)["cpu_us"])
                bare.append(self.on_load_core("bare_client", agent.port, "send", body, count)["cpu_us"])
                threads.append(self.on_load_core("client_load", agent.port, "threads", count)["cpu_us"])
        self.report_runs("client_send", "us CPU/call", ours, bare, 3.0)
        self.report_runs("client_send_threads", "us CPU/call", threads, bare, None)

    def client_stream(self):
        """Time per event of a stream that arrives as fast as it is read, beside splitting its bytes into lines."""
        count = max(2, int(20 * self.scale))
        with self.bare(self.events(), stream=True) as server:
            body = self.body_of(self.stream("chunks"))
            ours, bare = [], []
            self.on_load_core("client_load", server.port, "stream", 1)
            for _ in range(self.rounds):
                ours.append(self.on_load_core("client_load", server.port, "stream", count))
                bare.append(self.on_load_core("bare_client", server.port, "lines", body, count))
        self.report_runs("client_stream", "us/event", [r["us"] for r in ours], [r["us"] for r in bare], 2.0)
        self.report_runs("client_stream_cpu", "us CPU/event", [r["cpu_us"] for r in ours], [r["cpu_us"] for r in bare],
                         None)

    def cli_send(self):
        """A whole `a2akit send`: start, card, call, exit."""
        with self.served("--echo") as agent:
            command = [self.command_line(), "send", "--agent-card", f"http://127.0.0.1:{agent.port}", "Hello"]
            self.run_for(command, 3)
            took, used = self.run_for(command, 10 * self.rounds)
        self.report_runs("cli_send", "ms", took, [0], 30.0)
        self.report_runs("cli_send_cpu", "ms CPU", used, [0], None)

    def serve_exec(self):
        """A send to `serve --exec cat` beyond the same send to `serve --echo`, less fork and exec of `cat`."""
        times = 50 * self.rounds
        text = self.send("x" * 300)
        with self.served("--exec", "cat") as execs, self.served("--echo") as echoes:
            took = {}
            for name, server in (("exec", execs), ("echo", echoes)):
                self.in_turn_ms(server, text, 20)
                took[name] = self.in_turn_ms(server, text, times)
        forks = []
        for _ in range(times):
            begin = time.perf_counter()
            subprocess.run(["cat"], input=b"x" * 300, stdout=subprocess.DEVNULL, check=True)
            forks.append((time.perf_counter() - begin) * 1000)
        exec_ms, echo_ms, fork_ms = (statistics.median(t) for t in (took["exec"], took["echo"], forks))
        self.report("serve_exec_beyond_fork", "ms", exec_ms - fork_ms, 0, 3.0)
        self.remark(f"exec {exec_ms:.2f}, fork and exec {fork_ms:.2f}, echo {echo_ms:.2f} ms")

    def in_turn_ms(self, server, request, times):
        took = []
        for _ in range(times):
            begin = time.perf_counter()
            self.answer(server, request)
            took.append((time.perf_counter() - begin) * 1000)
        return took
