"""Installs a2akit into an empty folder and builds a project with it: run.py CMAKE CXX BUILD_FOLDER WORK_FOLDER.

The project is the echo example and every installed header by itself; Boost is hidden from it. Then the example's own
test runs against the program that it made.
"""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


def main():
    cmake, compiler, build, work = sys.argv[1:]
    work = pathlib.Path(work)
    prefix, project = work / "prefix", work / "project"
    shutil.rmtree(work, ignore_errors=True)
    run(cmake, "--install", build, "--prefix", prefix)
    run(cmake, "-S", HERE / "project", "-B", project, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
        f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror",
        f"-DECHO_SOURCE={ROOT / 'examples' / 'echo.cpp'}", f"-Da2akit_INCLUDE={prefix / 'include'}")
    run(cmake, "--build", project, "-j", "2")
    run(sys.executable, "-B", ROOT / "tests" / "examples" / "run_example.py", project / "echo_agent", "echo")
    version = subprocess.run([prefix / "bin" / "a2akit", "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.startswith("a2akit "), version.stdout


main()
