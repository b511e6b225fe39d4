"""An agent that is secured by settings alone takes the tokens of a certified identity provider, npm's oidc-provider, and no
others: run_oidc_server.py AGENT WORK_FOLDER

Signed tokens are checked with the keys that OpenID Connect discovery names, opaque ones by asking the provider.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

from run import HERE, SKIPPED, install_js

sys.path.insert(0, str(HERE.parent / "support"))
from agent_calls import send  # noqa: E402
from agent_process import AgentProcess  # noqa: E402

AUDIENCE = "https://agent.example"
CLIENT, SECRET = "service", "s:ecret %"


class Provider:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.issuer = self.process.stdout.readline().strip()
        assert self.issuer, "the provider did not start"

    def change_key(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        changed = any(line.strip() == self.issuer for line in self.process.stdout)  # the library says things, too
        assert changed, "the provider has ended"

    def token(self, **more):
        login = base64.b64encode(f"{CLIENT}:{urllib.parse.quote(SECRET)}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": "api", **more}
        request = urllib.request.Request(self.issuer + "/token", urllib.parse.urlencode(form).encode(),
                                         {"Authorization": "Basic " + login})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["access_token"]

    def stop(self):
        self.process.kill()
        self.process.wait(60)


def status(agent, token):
    answer = send(agent, Authorization="Bearer " + token)
    challenge = answer.headers["WWW-Authenticate"] or ""
    assert answer.status != 401 or 'error="invalid_token"' in challenge, answer
    return answer.status


def signed_tokens(program, provide):
    provider = Provider(provide)
    try:
        with AgentProcess(program, JWT_ISSUER=provider.issuer, JWT_AUDIENCE=AUDIENCE, JWT_SCOPES="api", JWT_ALLOW_HTTP="true",
                          JWT_MIN_REFRESH="0") as agent:
            good = provider.token(resource=AUDIENCE)
            assert good.count(".") == 2, good
            assert status(agent, good) == 200
            assert status(agent, provider.token(resource="https://other.example")) == 401
            assert status(agent, provider.token(resource="https://expired.example")) == 401
            assert status(agent, good[:-8] + "AAAAAAAA") == 401
            assert status(agent, provider.token()) == 401  # an opaque one
            provider.change_key()
            assert status(agent, provider.token(resource=AUDIENCE)) == 200
            assert status(agent, good) == 401  # its key has gone
    finally:
        provider.stop()
    print("signed tokens are fine")


def expired_tokens(program, provide):
    """A token that has expired is refused for that alone: its audience is the right one."""
    provider = Provider(provide)
    try:
        audience = "https://expired.example"
        with AgentProcess(program, JWT_ISSUER=provider.issuer, JWT_AUDIENCE=audience, JWT_ALLOW_HTTP="true") as agent:
            assert status(agent, provider.token(resource=audience)) == 401
            agent.wait_for("it has expired")
    finally:
        provider.stop()
    print("expired tokens are fine")


def opaque_tokens(program, provide):
    provider = Provider(provide)
    try:
        with AgentProcess(program, INTROSPECTION_URL=provider.issuer + "/token/introspection", INTROSPECTION_CLIENT_ID=CLIENT,
                          INTROSPECTION_CLIENT_SECRET=SECRET, INTROSPECTION_SCOPES="api", INTROSPECTION_ALLOW_HTTP="true") as agent:
            good = provider.token()
            assert "." not in good, good
            assert status(agent, good) == 200
            assert status(agent, good[:-4] + "AAAA") == 401
            fresh = provider.token()
            provider.stop()
            assert status(agent, good) == 200  # it is remembered
            assert status(agent, fresh) == 503
    finally:
        provider.stop()
    print("opaque tokens are fine")


def main():
    program, work = sys.argv[1], pathlib.Path(sys.argv[2])
    try:
        provide = install_js(work / "oidc", HERE / "oidc", "provider.mjs")
    except (OSError, subprocess.CalledProcessError) as error:
        print("skipped:", error)
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    signed_tokens(program, provide)
    expired_tokens(program, provide)
    opaque_tokens(program, provide)
    return 0


if __name__ == "__main__":
    sys.exit(main())
