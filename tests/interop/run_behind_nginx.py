"""Official clients, with their default settings, of an agent behind nginx: run_behind_nginx.py CLIENT AGENT WORK_FOLDER

The site is that of docs/guides/deployment.md, below a path, and gives up answers that are silent for five seconds, which
the agent's signs of life every two seconds prevent. The client, a name of run.CLIENTS, makes all its checks, 12 silent seconds of a blocking send among them.
"""

import os
import pathlib
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import nginx  # noqa: E402
import run  # noqa: E402

BELOW_A_PATH = [("location / {", "location /agents/interop/ {"), ("proxy_pass http://agent;", "proxy_pass http://agent/;"),
                ('X-Forwarded-Prefix ""', "X-Forwarded-Prefix /agents/interop"),
                ("proxy_read_timeout 310s", "proxy_read_timeout 5s")]


def check(command, agent):
    environment = {**os.environ, **run.PATIENT, "A2AKIT_TRUST_FORWARDED": "true", "A2AKIT_HEARTBEAT": "2"}
    server = subprocess.Popen([agent, "push"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        port = urllib.parse.urlsplit(server.stdout.readline().strip()).port
        with nginx.Nginx([port, port], BELOW_A_PATH) as proxy:
            return run.run_bindings(command, f"http://127.0.0.1:{proxy.port}/agents/interop/", ["JSONRPC", "HTTP+JSON"])
    finally:
        server.terminate()
        server.wait(timeout=60)


def main():
    name, agent, work = sys.argv[1:]
    work = pathlib.Path(work)
    if nginx.NGINX is None:
        print("nginx is not installed (Debian: nginx-light)")
        return 1 if os.environ.get("CI") == "true" else run.SKIPPED
    work.mkdir(parents=True, exist_ok=True)
    command, failed = run.install(name, run.CLIENTS[name][0], work)
    return failed or int(None in check(command, agent).values())


if __name__ == "__main__":
    sys.exit(main())
