"""The public headers refuse GCC before 14, say what to use instead, and can be overridden. A forgotten co_await is a
warning. compiler_test.py CXX
"""

import pathlib
import shutil
import subprocess
import sys
import unittest

INCLUDE = pathlib.Path(__file__).resolve().parents[3] / "include"
OVERRIDE = "-DA2AKIT_ALLOW_UNSAFE_COMPILER"


def compiled(compiler, header, *options, more=""):
    return subprocess.run([compiler, "-std=c++20", f"-I{INCLUDE}", *options, "-x", "c++", "-"],
                          input=f"#include <a2akit/{header}>\n{more}", capture_output=True, text=True)


class CompilerTest(unittest.TestCase):
    def refused_but_for_the_override(self, compiler, header, *options):
        refused = compiled(compiler, header, *options)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("clang++-19", refused.stderr)
        self.assertIn(OVERRIDE, refused.stderr)
        accepted = compiled(compiler, header, *options, OVERRIDE)
        self.assertEqual(accepted.returncode, 0, accepted.stderr)

    def test_old_gcc_by_its_macros(self):
        for version in ("12", "13"):
            self.refused_but_for_the_override(CXX, "core/compiler.hpp", "-E", "-U__clang__", "-U__GNUC__",
                                              f"-D__GNUC__={version}")

    def test_gcc_12_itself(self):
        if not shutil.which("g++-12"):
            self.skipTest("g++-12 is not installed")
        self.refused_but_for_the_override("g++-12", "worker/worker.hpp", "-fsyntax-only")

    def test_the_compiler_of_this_build_is_accepted(self):
        accepted = compiled(CXX, "core/compiler.hpp", "-E")
        self.assertEqual(accepted.returncode, 0, accepted.stderr)

    def test_a_forgotten_co_await_is_a_warning(self):
        handler = "a2akit::Async<void> handle(a2akit::TaskContext& ctx) { %sctx.complete(); co_return; }\n"
        awaited = compiled(CXX, "agent.hpp", "-fsyntax-only", "-Werror", more=handler % "co_await ")
        self.assertEqual(awaited.returncode, 0, awaited.stderr)
        forgotten = compiled(CXX, "agent.hpp", "-fsyntax-only", "-Werror", more=handler % "")
        self.assertNotEqual(forgotten.returncode, 0)
        self.assertIn("nodiscard", forgotten.stderr)


CXX = sys.argv.pop()
unittest.main()
