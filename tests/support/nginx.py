"""The nginx that docs/guides/deployment.md describes, as a process of a test's own."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

GUIDE = (Path(__file__).resolve().parent.parent.parent / "docs" / "guides" / "deployment.md").read_text()
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def block(mark):
    """The guide's block after a mark: <!-- file: PATH --> or <!-- run: NAME -->."""
    return re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```", GUIDE, re.S).group(1)


class Nginx:
    """The guide's nginx.conf of one site, on free ports and in a folder of its own."""

    def __init__(self, ports, changes=()):
        """In front of the two ports. `changes`: pairs of texts, of which the second replaces the first in the site."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.folder = Path(tempfile.mkdtemp(prefix="a2akit-nginx-"))
        site = block("file: /etc/nginx/conf.d/agent.conf")
        own = [("listen 80;", f"listen 127.0.0.1:{self.port};"),
               *((f"127.0.0.1:{written}", f"127.0.0.1:{port}") for written, port in zip(("8001", "8002"), ports))]
        for old, new in [*own, *changes]:
            assert old in site, f"the guide's site has no '{old}'"
            site = site.replace(old, new)
        (self.folder / "site.conf").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        (self.folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {paths} include {self.folder}/site.conf; }}\n")

    def __enter__(self):
        # nginx takes over the socket that the variable names, as it does from the nginx that it replaces.
        descriptor = self.listener.fileno()
        self.process = subprocess.Popen([NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                        pass_fds=[descriptor], env={**os.environ, "NGINX": f"{descriptor};"})
        self.listener.close()
        deadline = time.monotonic() + 60
        while not (self.folder / "pid").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("nginx does not start:\n" + (self.folder / "error.log").read_text())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
