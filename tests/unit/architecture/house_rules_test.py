"""Files stay small enough to be read, and the public headers say what they promise."""

import pathlib
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUITES = ("_contract.hpp", "_fixture.hpp", "contract_case.hpp", "task_cases.hpp", "task_case_table.hpp")

# A longer file has more than one idea in it. Suites and tests are lists, which are read one entry at a time.
MOST_LINES = {"src": 500, "include": 500, "tests": 700}
# The share of lines with a comment, over all public headers.
LEAST_COMMENTED = 0.30


def too_long(root, most=None):
    most = most or MOST_LINES
    found = []
    for folder, limit in most.items():
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            lines = file.read_text(encoding="utf-8").count("\n")
            if lines > limit:
                found.append(f"{file.relative_to(root)}: {lines} lines; split it by topic, {limit} are the limit")
    return found


def commented_share(root):
    lines = [line.strip() for file in (root / "include").rglob("*.hpp") if not file.name.endswith(SUITES)
             for line in file.read_text(encoding="utf-8").splitlines()]
    return sum(line.startswith("//") or " //" in line for line in lines) / len(lines)


class HouseRules(unittest.TestCase):
    def test_no_file_is_too_long(self):
        self.assertEqual([], too_long(ROOT))

    def test_a_file_that_is_too_long_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "src" / "long.cpp"
            file.parent.mkdir()
            file.write_text("//\n" * 11, encoding="utf-8")
            self.assertEqual([], too_long(pathlib.Path(folder), {"src": 11}))
            self.assertEqual(["src/long.cpp: 11 lines; split it by topic, 10 are the limit"],
                             too_long(pathlib.Path(folder), {"src": 10}))

    def test_the_public_headers_are_documented(self):
        self.assertGreaterEqual(commented_share(ROOT), LEAST_COMMENTED)

    def test_comments_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / "include" / "a.hpp"
            header.parent.mkdir()
            header.write_text('/// Says.\nint a;  ///< Too.\nauto b = "http://x";\nint c;\n', encoding="utf-8")
            self.assertEqual(0.5, commented_share(pathlib.Path(folder)))


if __name__ == "__main__":
    unittest.main()
