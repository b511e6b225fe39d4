"""Builds a program of Go's, at the versions that the go.mod and go.sum of a folder name."""
import os
import shutil
import subprocess


def build(source, package, folder, name):
    """The program, below `folder`. Go itself sees whether there is anything to do."""
    if shutil.which("go") is None:
        raise FileNotFoundError("there is no 'go' on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -modcacherw",
                   "GOMODCACHE": str(folder / "modules"), "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", program, package], cwd=source, env=environment, check=True)
    return program
