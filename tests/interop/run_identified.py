"""Official clients with their own helpers for credentials, over TLS: run_identified.py CLIENT AGENT WORK_FOLDER

CLIENT is python or js. The clients trust the test's authority by the variables that their platforms read, take the security
schemes from the agent's card, and call it with an API key and with a bearer token. The extended card names the caller.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import run  # noqa: E402
from certificates import Authority  # noqa: E402
from tokens import Key, write_set  # noqa: E402

KEY = "alices-key-0123456789"
ISSUER = "https://issuer.example"
CLIENTS = {"python": lambda work: run.install_python(work / "python", client="identified_client.py"),
           "js": lambda work: run.install_js(work / "js", client="identified_client.mjs")}


def settings(folder, authority, key):
    certificate, private_key = authority.issue("server")
    keys, tokens = os.path.join(folder, "keys"), os.path.join(folder, "keys.json")
    pathlib.Path(keys).write_text(f"alice {KEY}\n")
    os.chmod(keys, 0o600)
    write_set(tokens, key)
    named = {"TLS_CERT": certificate, "TLS_KEY": private_key, "API_KEYS_FILE": keys, "JWT_JWKS_URL": "file://" + tokens,
             "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": "a2a"}
    return {"A2AKIT_" + name: value for name, value in named.items()}


def check(command, agent, folder):
    authority, key = Authority(folder), Key(folder, "ES256", "first")
    token = key.token({"sub": "alice", "iss": ISSUER, "aud": "a2a", "exp": int(time.time()) + 3600})
    environment = {**os.environ, "SSL_CERT_FILE": authority.certificate, "NODE_EXTRA_CA_CERTS": authority.certificate}
    server = subprocess.Popen([agent, "extended"], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **settings(folder, authority, key)})
    try:
        url = server.stdout.readline().strip()
        assert url.startswith("https://"), url
        calls = [[url, binding, scheme, credential] for binding in ("JSONRPC", "HTTP+JSON")
                 for scheme, credential in (("apiKey", KEY), ("bearer", token))]
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as side_by_side:
            ran = side_by_side.map(lambda call: subprocess.run(
                [*command, *call], timeout=run.TIMEOUT_S, check=False, env=environment).returncode, calls)
            assert list(ran) == [0] * len(calls)
    finally:
        server.terminate()
        server.wait(timeout=60)


def main():
    name, agent, work = sys.argv[1:]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    command, failed = run.install(name, lambda _: CLIENTS[name](work), work)
    if failed:
        return failed
    with tempfile.TemporaryDirectory() as folder:
        check(command, agent, folder)
    print("each call was the caller's")
    return 0


sys.exit(main())
