"""Runs an official SDK's client against our server, over each binding that it has, side by side.

usage: run.py CLIENT AGENT WORK_FOLDER BINDING...       (CLIENT: a name of CLIENTS below)
       run.py table WORK_FOLDER NAME...                 compares docs/interop.md with what those clients have done
       run.py write-table WORK_FOLDER NAME...           writes it there
       run.py NEIGHBOUR A2AKIT WORK_FOLDER            a neighbour of `a2akit serve` against it (a name of NEIGHBOURS)

The SDK is installed below WORK_FOLDER, at the versions that the lock files beside this script name. Where it can't be
installed the test fails when CI=true, and is skipped, with the reason, elsewhere. The last line that a client prints is
"checked: " and the names of what it has checked.
"""

import concurrent.futures
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import go_program  # noqa: E402

SKIPPED = 77
TIMEOUT_S = 400  # a client takes 40 s, most of which it waits; compiling Java's takes minutes on a busy machine
NEIGHBOUR_TIMEOUT_S = 600
TABLE = HERE.parent.parent / "docs" / "interop.md"
BEGIN, END = "<!-- table: written by tests/interop/run.py -->\n", "<!-- end of the table -->\n"


def install_python(folder, requirements="requirements.txt", client="python_client.py", sdk=None):
    """A virtual environment with the requirements; `sdk`: and this release of the SDK. Its interpreter, and the client."""
    python = folder / "bin" / "python"
    wanted = (HERE / requirements).read_text() + (f"a2a-sdk=={sdk}\n" if sdk else "")
    stamp = folder / "requirements.txt"
    if not (stamp.exists() and stamp.read_text() == wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        installing = folder / "installing.txt"
        installing.write_text(wanted)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r",
                        installing], check=True)
        installing.rename(stamp)
    return [python, "-B", HERE / client]


def python_0_3(sdk):
    return lambda folder: [*install_python(folder, "requirements-0.3.txt", "python_0_3_client.py", sdk), sdk]


def install_fakellm(folder):
    return install_python(folder, "requirements-fakellm.txt", "fakellm_client.py")


def install_litellm(folder):
    return install_python(folder, "requirements-litellm.txt", "litellm_client.py")


def install_openai(folder):
    return install_python(folder, "requirements-openai.txt", "openai_client.py")


def install_go(folder):
    return [go_program.build(HERE / "go", ".", folder, "go_client"), "1.0"]


def install_go_0_3(folder):
    """The same program, which is built once."""
    return [go_program.build(HERE / "go", ".", folder.parent / "go", "go_client"), "0.3"]


def place(script, folder):
    """The copy of a script in a folder. A process of another test that reads the copy sees all of the old or the new one."""
    descriptor, copying = tempfile.mkstemp(dir=folder, prefix=".")
    with open(descriptor, "wb") as copy:
        copy.write(script.read_bytes())
    os.replace(copying, folder / script.name)
    return folder / script.name


def install_js(folder, source=HERE, client="js_client.mjs"):
    """node_modules as package-lock.json says, and the client beside them, where node looks for them."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"there is no '{tool}' on the PATH")
    version = int(subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
                  .stdout.lstrip("v").split(".")[0])
    if version < 20:
        raise FileNotFoundError(f"the packages need node 20 or newer; this is node {version}")
    stamp = folder / "installed.json"
    lock = source / "package-lock.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not (stamp.exists() and filecmp.cmp(stamp, lock, shallow=False)):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund",
                        "--fetch-retries=5", "--fetch-timeout=60000"], cwd=folder, check=True, stdout=sys.stderr)
        shutil.copy(lock, stamp)
    return ["node", place(source / client, folder)]


def install_js_0_3(folder):
    return install_js(folder, HERE / "js_0_3", "client.mjs")


def install_llama(folder):
    _, server = install_js(folder, HERE / "llama", "server.mjs")
    return [sys.executable, "-B", HERE / "llama_client.py", server]


def install_java(folder):
    """The jars that pom.xml names. The client is compiled as it is started."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"there is no '{tool}' on the PATH")
    pom, jars, stamp = HERE / "java" / "pom.xml", folder / "jars", folder / "installed.xml"
    if not (stamp.exists() and filecmp.cmp(stamp, pom, shallow=False)):
        shutil.rmtree(jars, ignore_errors=True)
        subprocess.run(["mvn", "-q", "-B", "-f", pom,
                        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
                        f"-DoutputDirectory={jars}", "-DincludeScope=runtime"], check=True)
        shutil.copy(pom, stamp)
    return ["java", "-cp", f"{jars}/*", HERE / "java" / "Interop.java"]


def install_rust(folder):
    """The client, at the versions that Cargo.lock names. Cargo itself sees whether there is anything to do."""
    if shutil.which("cargo") is None:
        raise FileNotFoundError("there is no 'cargo' on the PATH")
    version = subprocess.run(["cargo", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    if tuple(int(number) for number in version.split(".")[:2]) < (1, 85):
        raise FileNotFoundError(f"the Rust SDK needs cargo 1.85 or newer; this is cargo {version}")
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--target-dir", folder], cwd=HERE / "rust", check=True)
    return [folder / "debug" / "rust_client"]


def version_in(name, pattern):
    return re.search(pattern, (HERE / name).read_text(), re.M).group(1)


# How it is installed, what the table calls it, and the version of the protocol that it speaks.
CLIENTS = {
    "python": (install_python, "Python a2a-sdk " + version_in("requirements.txt", r"^a2a-sdk==(.*)"), "1.0"),
    **{f"python_{sdk}": (python_0_3(sdk), f"Python a2a-sdk {sdk}", "0.3") for sdk in ("0.3.10", "0.3.20", "0.3.26")},
    "js": (install_js, "JavaScript @a2a-js/sdk " + version_in("package.json", r'"@a2a-js/sdk": "(.*)"'), "1.0"),
    "js_0_3": (install_js_0_3, "JavaScript @a2a-js/sdk " + version_in("js_0_3/package.json", r'"@a2a-js/sdk": "(.*)"'),
               "0.3"),
    "go": (install_go, "Go a2a-go " + version_in("go/go.mod", r"a2a-go/v2 v(\S+)"), "1.0"),
    "go_0_3": (install_go_0_3, "Go a2a-go " + version_in("go/go.mod", r"a2a-go/v2 v(\S+)") + ", its client for 0.3", "0.3"),
    "java": (install_java, "Java a2a-java-sdk-client " + version_in("java/pom.xml", r"<version>(0.3.*)</version>"), "0.3"),
    "rust": (install_rust, "Rust a2a-client-lf " + version_in("rust/Cargo.toml", r'^a2a-client-lf .*"=(.*?)"'), "1.0"),
}
NEIGHBOURS = {"fakellm": install_fakellm, "litellm": install_litellm, "llama": install_llama, "openai": install_openai}


def run_client(command, url, binding):
    """What it has checked, or None when it has failed."""
    try:
        ran = subprocess.run([*command, url, binding], timeout=TIMEOUT_S, check=False, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired as error:
        print(f"== {binding}: not done after {TIMEOUT_S} s\n{error.stdout}")
        return None
    print(f"== {binding}\n{ran.stdout}", flush=True)
    lines = ran.stdout.strip().splitlines()
    if ran.returncode != 0 or not lines or not lines[-1].startswith("checked: "):
        return None
    return lines[-1].removeprefix("checked: ")


def sign_cards(folder):
    """The settings of an agent that signs its card, and where the public key is for a client that verifies it."""
    private, public = folder / "card.key", folder / "card.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return {"A2AKIT_CARD_KEY": str(private), "A2AKIT_CARD_KEY_ID": "interop", "CARD_PUBLIC_KEY": str(public)}


def run_bindings(command, url, bindings):
    """What it has checked over each, side by side."""
    with concurrent.futures.ThreadPoolExecutor(len(bindings)) as side_by_side:
        return dict(zip(bindings, side_by_side.map(lambda binding: run_client(command, url, binding), bindings)))


# The answer to a cancel says that the task is cancelled if the handler ends by then, however busy the machine is.
PATIENT = {"A2AKIT_CANCEL_WAIT": "60"}


def run_clients(command, agent, bindings):
    environment = {**os.environ, **PATIENT, **({"A2AKIT_GRPC_PORT": "0"} if "GRPC" in bindings else {})}
    server = subprocess.Popen([agent, "push"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        url = server.stdout.readline().strip()
        if not url:
            print(f"{agent} did not start")
            return dict.fromkeys(bindings)
        return run_bindings(command, url, bindings)
    finally:
        server.terminate()
        server.wait(timeout=60)


def install(name, installed_by, folder):
    """Its command, or the exit status that says why there is none."""
    try:
        return installed_by(folder / name), None
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The packages of {name} can't be installed: {error}")
        if os.environ.get("CI") == "true":
            return None, 1
        print("SKIPPED: the interop tests with them did not run. With CI=true this is a failure.")
        return None, SKIPPED


def check_neighbour(name, program, folder):
    """It starts the agents that it needs."""
    command, failed = install(name, NEIGHBOURS[name], folder)
    if failed:
        return failed
    return subprocess.run([*command, program], timeout=NEIGHBOUR_TIMEOUT_S, check=False).returncode


def check_client(name, agent, folder, bindings):
    result = folder / f"{name}.result"
    result.unlink(missing_ok=True)
    command, failed = install(name, CLIENTS[name][0], folder)
    if failed:
        return failed
    if name == "js":
        os.environ.update(sign_cards(folder / name))
    checked = run_clients(command, agent, bindings)
    if None in checked.values():
        return 1
    result.write_text(json.dumps(checked))
    return 0


def rows(folder, names):
    yield "| client | protocol | binding | checked |\n|---|---|---|---|\n"
    for name in names:
        _, title, protocol = CLIENTS[name]
        for binding, checked in json.loads((folder / f"{name}.result").read_text()).items():
            yield f"| {title} | {protocol} | {binding} | {checked} |\n"


def compare_table(begin, end, rows_of_run, write, command):
    """Compares the part of docs/interop.md between two marks with the rows of a run; `write`: replaces it by them."""
    text = TABLE.read_text()
    before, rest = text.split(begin)
    wanted = before + begin + rows_of_run + end + rest.split(end)[1]
    if write:
        TABLE.write_text(wanted)
    elif text != wanted:
        print(f"docs/interop.md does not have the table of this run:\n{rows_of_run}\n{command}  writes it")
        return 1
    return 0


def table(folder, names, write):
    missing = [name for name in names if not (folder / f"{name}.result").exists()]
    if missing:
        print(f"these clients have not run to their end: {', '.join(missing)}")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    return compare_table(BEGIN, END, "".join(rows(folder, names)), write,
                         f"tests/interop/run.py write-table {folder} {' '.join(names)}")


def main():
    what, *arguments = sys.argv[1:]
    if what in ("table", "write-table"):
        folder, *names = arguments
        return table(pathlib.Path(folder), names, what == "write-table")
    agent, folder, *bindings = arguments
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    if what in NEIGHBOURS:
        return check_neighbour(what, agent, pathlib.Path(folder))
    return check_client(what, agent, pathlib.Path(folder), bindings)


if __name__ == "__main__":
    sys.exit(main())
