"""Installs a2akit into an empty folder and builds a project with it: run.py CMAKE CXX BUILD_FOLDER WORK_FOLDER GRPC CONFIG.

The project is the echo example and every installed header by itself; Boost is hidden from it. Then the example's own
test runs against the program that it made. GRPC is 1 when a2akit was built with gRPC: then the project makes the example
with the component grpc too, which serves gRPC, while the other program does not link it. A shared library with an agent
inside works, and in a release build exports nothing of a2akit. The manual page and the completions are there as well.
"""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import http2  # noqa: E402


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


def links_grpc(program):
    return "libgrpc" in subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout


def serves_grpc(program):
    """Whether its health service says so. False: the program refuses to start with a port of gRPC."""
    agent = subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "A2AKIT_PORT": "0", "A2AKIT_GRPC_PORT": "0"})
    try:
        started = next((found for line in agent.stderr if (found := re.search(r" grpc=\S+:(\d+)", line))), None)
        if started is None:
            return False
        with http2.Connection(int(started.group(1))) as client:
            client.call("/grpc.health.v1.Health/Check")
            client.data(1, bytes(5), http2.END_STREAM)
            return client.until(http2.DATA)[3][5:] == b"\x08\x01"
    finally:
        agent.terminate()
        agent.communicate(timeout=60)


def check_grpc(project):
    assert links_grpc(project / "echo_agent_grpc") and serves_grpc(project / "echo_agent_grpc")
    assert not links_grpc(project / "echo_agent") and not serves_grpc(project / "echo_agent")


def check_plugin(plugin, is_release):
    assert ctypes.CDLL(str(plugin)).plugin_starts_and_stops() == 0
    listed = subprocess.run(["nm", "-D", "-C", "--defined-only", plugin], check=True, capture_output=True, text=True).stdout
    functions = [line.split(maxsplit=2)[2] for line in listed.splitlines() if " T " in line]
    assert "plugin_starts_and_stops" in functions, listed
    # Inline functions of the headers, which its own source has compiled, are weak.
    exported = [name for name in functions if "a2akit::" in name]
    assert not (is_release and exported), exported


def check_manual(share):
    """The manual page, and completions that complete."""
    assert (share / "man" / "man1" / "a2akit.1").read_text().startswith(".TH A2AKIT 1")
    script = share / "bash-completion" / "completions" / "a2akit"
    completed = subprocess.run(["bash", "-c", f"source '{script}'; COMP_WORDS=(a2akit task ca); COMP_CWORD=2; _a2akit; "
                                'echo "${COMPREPLY[@]}"'], check=True, capture_output=True, text=True)
    assert completed.stdout == "cancel\n", completed
    assert (share / "zsh" / "site-functions" / "_a2akit").read_text().startswith("#compdef a2akit\n")
    assert "complete -c a2akit" in (share / "fish" / "vendor_completions.d" / "a2akit.fish").read_text()


def main():
    cmake, compiler, build, work, grpc, config = sys.argv[1:]
    work = pathlib.Path(work)
    prefix, project = work / "prefix", work / "project"
    shutil.rmtree(work, ignore_errors=True)
    run(cmake, "--install", build, "--prefix", prefix)
    run(cmake, "-S", HERE / "project", "-B", project, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
        f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror",
        f"-DECHO_SOURCE={ROOT / 'examples' / 'echo.cpp'}", f"-Da2akit_INCLUDE={prefix / 'include'}",
        f"-DWITH_GRPC={grpc}")
    run(cmake, "--build", project, "-j", "2")
    run(sys.executable, "-B", ROOT / "tests" / "examples" / "run_example.py", project / "echo_agent", "echo")
    if grpc == "1":
        check_grpc(project)
    check_plugin(project / "libplugin.so", config == "Release")
    version = subprocess.run([prefix / "bin" / "a2akit", "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.startswith("a2akit "), version.stdout
    check_manual(prefix / "share")


main()
