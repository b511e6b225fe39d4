"""Runs an official SDK's client against our server: run.py python|python_0_3|js|js_0_3|go AGENT WORK_FOLDER BINDING...

The SDK is installed below WORK_FOLDER, at the versions that the lock files beside this script name. Where it can't be
installed the test fails when CI=true, and is skipped, with the reason, elsewhere.
"""

import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import go_program  # noqa: E402

SKIPPED = 77
TIMEOUT_S = 120


def install_python(folder, requirements="requirements.txt", client="python_client.py"):
    """A virtual environment with the requirements; its interpreter."""
    python = folder / "bin" / "python"
    wanted = HERE / requirements
    stamp = folder / "requirements.txt"
    if not (stamp.exists() and filecmp.cmp(stamp, wanted, shallow=False)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r",
                        wanted], check=True)
        shutil.copy(wanted, stamp)
    return [python, HERE / client]


def install_python_0_3(folder):
    return install_python(folder, "requirements-0.3.txt", "python_0_3_client.py")


def install_go(folder):
    return [go_program.build(HERE / "go", ".", folder, "go_client")]


def install_js(folder, source=HERE, client="js_client.mjs"):
    """node_modules as package-lock.json says, and the client beside them, where node looks for them."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"there is no '{tool}' on the PATH")
    version = int(subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
                  .stdout.lstrip("v").split(".")[0])
    if version < 20:
        raise FileNotFoundError(f"@a2a-js/sdk needs node 20 or newer; this is node {version}")
    stamp = folder / "installed.json"
    lock = source / "package-lock.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not (stamp.exists() and filecmp.cmp(stamp, lock, shallow=False)):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund"],
                       cwd=folder, check=True, stdout=sys.stderr)
        shutil.copy(lock, stamp)
    shutil.copy(source / client, folder / client)
    return ["node", folder / client]


def install_js_0_3(folder):
    return install_js(folder, HERE / "js_0_3", "client.mjs")


def run_client(command, agent, binding):
    environment = {**os.environ, "A2AKIT_GRPC_PORT": "0"} if binding == "GRPC" else None
    server = subprocess.Popen([agent], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        url = server.stdout.readline().strip()
        if not url:
            print(f"{agent} did not start")
            return 1
        return subprocess.run([*command, url, binding], timeout=TIMEOUT_S, check=False).returncode
    finally:
        server.terminate()
        server.wait(timeout=60)


def main():
    language, agent, folder, *bindings = sys.argv[1:]
    install = {"python": install_python, "python_0_3": install_python_0_3, "js": install_js,
               "js_0_3": install_js_0_3, "go": install_go}[language]
    try:
        command = install(pathlib.Path(folder) / language)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The {language} SDK can't be installed: {error}")
        if os.environ.get("CI") == "true":
            return 1
        print("SKIPPED: the interop tests of this SDK did not run. With CI=true this is a failure.")
        return SKIPPED
    return max(run_client(command, agent, binding) for binding in bindings)


sys.exit(main())
