"""A file that includes a2akit/agent.hpp alone compiles quickly: header_time_test.py CXX."""

import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

INCLUDE = pathlib.Path(__file__).resolve().parents[3] / "include"
WORKER = """#include <a2akit/agent.hpp>
class Echo final : public a2akit::Worker {
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await a2akit::sleep(std::chrono::seconds(1));
        co_await ctx.complete_json(a2akit::Json::object({{"said", std::string(ctx.user_text())}}));
    }
};
"""
# Seconds of processor time. The goal for the header alone is 1.0; the rest is for slow and busy machines.
CEILING = 4.0


def seconds_to_compile(text):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "worker.cpp"
        source.write_text(text, encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        compiled = subprocess.run([CXX, "-std=c++20", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", "-c", source, "-o",
                                   pathlib.Path(folder) / "worker.o"], capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert compiled.returncode == 0, compiled.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class HeaderTimeTest(unittest.TestCase):
    def test_the_header_for_workers_is_light(self):
        alone = seconds_to_compile("#include <a2akit/agent.hpp>\n")
        worker = seconds_to_compile(WORKER)
        whole = seconds_to_compile("#include <a2akit/a2akit.hpp>\n")
        print(f"agent.hpp {alone:.2f} s, a worker with it {worker:.2f} s, a2akit.hpp {whole:.2f} s of processor time")
        self.assertLess(alone, CEILING)


CXX = sys.argv.pop()
unittest.main()
