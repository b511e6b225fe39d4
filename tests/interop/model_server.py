"""A model's server of others, as a process of a test's own."""
import re
import subprocess
import threading

STARTS_WITHIN_S = 400  # LiteLLM takes five seconds of a processor to start, which others may be using


class ModelServer:
    """Runs `command` until the end of a with block, and keeps what it prints."""

    def __init__(self, command, **options):
        self.lines = []
        self.ended = False
        self.news = threading.Condition()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", **options)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.reader.join()

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait_for(self, pattern):
        """The match of the first line that has the pattern, printed already or still to come."""
        def found():
            return next(filter(None, (re.search(pattern, line) for line in self.lines)), None)

        with self.news:
            self.news.wait_for(lambda: found() or self.ended, timeout=STARTS_WITHIN_S)
            assert found(), f"no line with '{pattern}':\n{''.join(self.lines)}"
            return found()
