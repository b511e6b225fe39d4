"""An agent as a process of its own, for tests."""
import os
import queue
import re
import signal
import subprocess
import threading

ENDS_WITHIN = 60


class AgentProcess:
    """Started with A2AKIT_* settings; its log is collected line by line."""

    def __init__(self, program, cwd=None, **settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("A2AKIT_")}
        environment.update({"A2AKIT_PORT": "0", **{"A2AKIT_" + name: str(value) for name, value in settings.items()}})
        self.process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, cwd=cwd)
        self.lines = []
        self._queue = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()
        self.start_line = self.wait_for(r" listening url=")
        self.scheme, self.port = re.search(r"url=(\w+)://[^ ]*:(\d+)", self.start_line).groups()
        self.port = int(self.port)

    def _collect(self):
        for line in self.process.stderr:
            self._queue.put(line)
        self._queue.put(None)

    def wait_for(self, pattern):
        """The next line that matches."""
        while True:
            line = self._queue.get(timeout=ENDS_WITHIN)
            if line is None:
                raise SystemExit(f"the agent has ended before {pattern!r}: {''.join(self.lines)}")
            self.lines.append(line)
            if re.search(pattern, line):
                return line

    def signal(self, number):
        self.process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("the agent does not end") from None
        if status != 0 and exception[0] is None:
            raise SystemExit(f"the agent ended with {status}: {''.join(self.lines)}")


def refusal(program, **settings):
    """What a server that must not start says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("A2AKIT_")}
    environment.update({"A2AKIT_PORT": "0", **{"A2AKIT_" + name: str(value) for name, value in settings.items()}})
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=ENDS_WITHIN)
    if done.returncode != 1:
        raise SystemExit(f"the agent started with {settings}: {done.stderr}")
    return done.stderr
