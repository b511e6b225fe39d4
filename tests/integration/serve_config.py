#!/usr/bin/env python3
"""Where `a2akit serve` has its settings from: flags, variables, a file, in this order.

usage: serve_config.py PROGRAM   (the a2akit executable)
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from served import Served, text_of  # noqa: E402

PROGRAM = str(Path(sys.argv[1]).resolve())
TOKEN = "0123456789abcdef-secret"


def serve(*arguments, **environment):
    return subprocess.run([PROGRAM, "serve", *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})


def printed(*arguments, **environment):
    """Key to (value, source)."""
    ran = serve("--print-config", *arguments, **environment)
    assert ran.returncode == 0, ran
    return {key: (value.strip(), source) for key, value, source in
            re.findall(r"^(?:# )?(\w+) = (.*?) +# (.*)$", ran.stdout, re.M)}


def refusal(*arguments, **environment):
    ran = serve(*arguments, **environment)
    assert ran.returncode == 2 and ran.stderr.endswith("Hint: a2akit serve --help\n"), ran
    return ran.stderr


class File:
    def __init__(self, text):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "serve.toml")
        self.path.write_text(text)

    def __str__(self):
        return str(self.path)


def check_every_setting():
    """All settings of the reference are there, each with a flag."""
    documented = set(re.findall(r"^\| `A2AKIT_(\w+)`", (ROOT / "docs/reference/settings.md").read_text(), re.M))
    shown = printed()
    assert {key.upper() for key in shown} == documented, documented ^ {key.upper() for key in shown}
    told = serve("--help").stdout
    for name in documented:
        assert f"--{name.lower().replace('_', '-')}" in told, name
    assert shown["port"] == ("8000", "default") and shown["lease"] == ("15", "default"), shown
    assert shown["data_dir"] == ("none", "default"), shown["data_dir"]


def check_order():
    file = File('port = 1\nlease = 2.5\nhost = "::1"\ntrust_forwarded = true\n[agent]\nexec = "cat"\n')
    config = ("--config", str(file))
    assert printed(*config)["port"] == ("1", "serve.toml:1")
    assert printed(*config)["lease"] == ("2.5", "serve.toml:2")
    assert printed(*config)["trust_forwarded"] == ("true", "serve.toml:4")
    assert printed(*config)["max_concurrent_tasks"] == ("64", "serve")  # a process each
    assert printed(*config, A2AKIT_PORT="2")["port"] == ("2", "A2AKIT_PORT")
    assert printed(*config, A2AKIT_PORT="")["port"] == ("1", "serve.toml:1")
    assert printed(*config, "--port", "3", A2AKIT_PORT="2")["port"] == ("3", "--port")
    assert printed("--trust-forwarded")["trust_forwarded"] == ("true", "--trust-forwarded")
    assert printed("--trust-forwarded=false", *config)["trust_forwarded"] == ("false", "--trust-forwarded")


def check_secrets():
    shown = serve("--print-config", A2AKIT_ADMIN_TOKEN=TOKEN, A2AKIT_STORAGE="postgres://me:pass-word@h/db",
                  A2AKIT_EVENT_BUS="memory:", A2AKIT_CANCEL_REGISTRY="memory:", A2AKIT_BROKER="memory:")
    assert shown.returncode == 0 and 'admin_token = "***"' in shown.stdout, shown
    assert TOKEN not in shown.stdout and "pass-word" not in shown.stdout, shown.stdout
    refused = refusal("--echo", "--admin-token", TOKEN)
    assert TOKEN not in refused and "--admin-token-file" in refused, refused
    assert "--admin-token " not in serve("--help").stdout
    # A secret that is refused because of what it is.
    assert TOKEN not in refusal("--echo", A2AKIT_ADMIN_TOKEN=TOKEN + " x")


def check_secrets_of_files():
    file = File(TOKEN + "\n")
    url = File("redis://me:pass-word@h\n")
    for given in ({"A2AKIT_ADMIN_TOKEN_FILE": str(file)}, ("--admin-token-file", str(file))):
        shown = printed(*given) if isinstance(given, tuple) else printed(**given)
        source = given[0] if isinstance(given, tuple) else "A2AKIT_ADMIN_TOKEN_FILE"
        assert shown["admin_token"] == ('"***"', source), shown["admin_token"]
    config = File(f'admin_token_file = "{file}"\n')
    assert printed("--config", str(config))["admin_token"] == ('"***"', "serve.toml:1")
    assert "pass-word" not in str(printed(A2AKIT_REDIS_URL_FILE=str(url))["redis_url"])
    both = refusal("--echo", "--admin-token-file", str(file), A2AKIT_ADMIN_TOKEN=TOKEN)
    assert "--admin-token-file: is set, and so is A2AKIT_ADMIN_TOKEN" in both and TOKEN not in both, both
    assert "cannot be read" in refusal("--echo", "--admin-token-file", "/no/such/file")


def check_printed_config_is_a_config():
    file = File(serve("--print-config", "--port", "7", "--redis-key-prefix", 'a"\\b:').stdout)
    again = printed("--config", str(file))
    assert again["port"][0] == "7" and again["redis_key_prefix"][0] == '"a\\"\\\\b:"', again


def check_refusals():
    for text, said in {
        "prt = 1": "serve.toml:1: prt is not a setting; did you mean port?",
        "\n\nxyzzy = 1": "serve.toml:3: xyzzy is not a setting",
        "[agnt]": "serve.toml:1: the table [agnt] is unknown; there are only [agent] and [agents.NAME]",
        "[agent]\nexecc = 'cat'": "serve.toml:2: execc is not a setting of an agent; did you mean exec?",
        "port = [1]": "serve.toml:1: port must be one value, not a list",
        "port = {a = 1}": "serve.toml:1: the table [port] is unknown",
        "port = 1979-05-27": "serve.toml:1: port must be a string, a number, a truth value or a list",
        "port = ": "serve.toml:1: not TOML",
        "port = 1\nport = 2": "serve.toml:2: not TOML",
        "port = 70000": 'serve.toml:1: "70000" is not allowed; use a whole number from 0 to 65535',
        "lease = 'long'": 'serve.toml:1: "long" is not allowed; use a number of seconds',
        "[agent]\nexec = 'cat'\ntimeout = 'soon'": 'serve.toml:3: "soon" is not allowed',
        "[agent]\necho = 'maybe'": 'serve.toml:2: "maybe" is not allowed; use true or false',
        "[agent]\nexec = ['a', 'b']": "serve.toml:2: exec must be one value, not a list",
        "[agent]\nenv = [['a']]": "serve.toml:2: env must be a string",
        "x = '" + "y" * (1 << 20) + "'": "is longer than a megabyte",
        "a" + "=[" * 100_000: "serve.toml:1: not TOML",
    }.items():
        file = File(text)
        answer = refusal("--echo", "--config", str(file))
        assert said in answer, (text[:80], answer)
    assert "cannot be read" in refusal("--config", "/no/such/file")
    assert "cannot be read" in refusal("--config", "/")
    assert '--port: "http" is not allowed; use a whole number from 0 to 65535' in refusal("--echo", "--port", "http")
    for url in ("postgresql://agent:hunter2@127.0.0.1/agent", "postgresql://127.0.0.1/agent?password=hunter2"):
        said = refusal("--echo", "--storage", url)
        assert "--storage with a password is not allowed" in said and "--storage-file" in said and "hunter2" not in said, said
    assert 'A2AKIT_PORT: "http" is not allowed' in refusal("--echo", A2AKIT_PORT="http")
    assert "--prot" in serve("--echo", "--prot", "1").stderr


def check_served():
    file = File("""base_path = "/shout"
[agent]
name = "shouter"
exec = "sh -c 'echo $WORD; tr a-z A-Z'"
env = ["WORD=loud"]
""")
    with Served(PROGRAM, "--config", str(file)) as agent:
        assert agent.url.endswith("/shout"), agent.url
        assert text_of(agent.send("x")) == "loud\nX"
        assert agent.call("GET", "/.well-known/agent-card.json")[1]["name"] == "shouter"
    with Served(PROGRAM, "--config", str(file), "--exec", "cat") as agent:  # a flag wins here too
        assert text_of(agent.send("x")) == "x"


check_every_setting()
check_order()
check_secrets()
check_secrets_of_files()
check_printed_config_is_a_config()
check_refusals()
check_served()
print("every setting can be given in every way")
