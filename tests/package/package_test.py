"""What scripts/package does, with one small room and its test in place of the executable: package_test.py CMAKE WORK_FOLDER

The room is built with counters, its test is run, and it is built again for the profile of that run and across files.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CMAKE, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
PROGRAM = pathlib.Path("tests/unit/storage/snapshot_test")
OF_THE_ROOM = "src/core/CMakeFiles/a2akit_core.dir/__/storage/snapshot.cpp.o"
OF_THE_CLIENT = "src/client/CMakeFiles/a2akit_client.dir/session.cpp.o"


def run(*command, **how):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)


def succeed(*command, **how):
    done = run(*command, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def configure(folder, *options):
    return run(CMAKE, "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DA2AKIT_EXAMPLES=OFF",
               "-DCMAKE_CXX_COMPILER=clang++-19", *options)


def build(folder, *options):
    configured = configure(folder, *options)
    assert configured.returncode == 0, configured.stderr
    succeed(CMAKE, "--build", folder, "-j", "2", "--target", PROGRAM.name)


class Package(unittest.TestCase):
    def test_counts_and_builds_for_what_was_counted(self):
        counted, packaged, profile = WORK / "counted", WORK / "packaged", WORK / "profile"
        build(counted, "-DA2AKIT_PROFILE=generate")
        succeed(counted / PROGRAM, env={**os.environ, "LLVM_PROFILE_FILE": str(WORK / "%p.profraw")})
        tool = succeed("clang++-19", "-print-prog-name=llvm-profdata").strip()
        succeed(tool, "merge", "-o", profile, *WORK.glob("*.profraw"))
        self.assertIn("take_task", succeed(tool, "show", "--all-functions", profile))

        build(packaged, f"-DA2AKIT_PROFILE={profile}", "-DA2AKIT_LTO=ON")
        succeed(packaged / PROGRAM)
        compiled = (packaged / OF_THE_ROOM).read_bytes()
        self.assertEqual(b"BC\xc0\xde", compiled[:4], "not compiled for ThinLTO")
        self.assertIn(b"ProfileSummary", compiled, "compiled without the profile")

        def command(target):
            return succeed("ninja", "-C", packaged, "-t", "commands", "-s", target)
        self.assertIn("-fprofile-use", command(OF_THE_ROOM))
        self.assertNotIn("-fprofile-use", command(OF_THE_CLIENT))

    def test_options_that_cannot_work_are_refused(self):
        missing = configure(WORK / "refused", "-DA2AKIT_PROFILE=/nowhere/profile")
        self.assertIn("there is no /nowhere/profile", missing.stderr)

    def test_the_script_says_what_is_wrong_with_its_arguments(self):
        for arguments, said in ((["--fast"], "unknown option '--fast'"), (["--prefix"], "--prefix needs a path"),
                                (["--profile", "/nowhere/profile"], "there is no profile /nowhere/profile")):
            refused = run(ROOT / "scripts" / "package", *arguments)
            self.assertEqual((2, "", True), (refused.returncode, refused.stdout, said in refused.stderr), refused.stderr)
        self.assertIn("--tarball FILE", succeed(ROOT / "scripts" / "package", "--help"))


if __name__ == "__main__":
    missing = [tool for tool in ("clang++-19", "ld.lld-19", "llvm-profdata-19") if not shutil.which(tool)]
    if missing and os.environ.get("CI") != "true":
        print("package: skipped without " + ", ".join(missing))
        sys.exit(77)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    unittest.main(argv=sys.argv[:1])
