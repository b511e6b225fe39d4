#!/usr/bin/env python3
"""Holds the documents to the code.

- Every C++ block says which file it is from (`<!-- from: examples/echo.cpp -->`) and stands there, line by line; those
  files are compiled and run by tests of their own.
- Every relative link leads somewhere.
- docs/reference/settings.md names exactly the variables of settings.hpp, with the defaults that stand there.
"""
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def lines_of(text):
    return [line.rstrip() for line in textwrap.dedent(text).strip("\n").splitlines()]


def stands_in(block, source):
    """Whether the lines of the block follow each other in the source, indented as a whole or not."""
    wanted = [line.strip() for line in lines_of(block)]
    have = [line.strip() for line in source.splitlines()]
    return any(have[i:i + len(wanted)] == wanted for i in range(len(have) - len(wanted) + 1))


def check(root):
    faults = []
    documents = sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md"))
    for document in documents:
        name, text = document.relative_to(root), document.read_text()
        for found in re.finditer(r"(<!-- from: (\S+) -->\n)?```cpp\n(.*?)```", text, re.S):
            if not found.group(2):
                faults.append(f"{name}: a C++ block does not say which file it is from")
            elif not (root / found.group(2)).is_file():
                faults.append(f"{name}: {found.group(2)} does not exist")
            elif not stands_in(found.group(3), (root / found.group(2)).read_text()):
                faults.append(f"{name}: the block does not stand in {found.group(2)}:\n{found.group(3)}")
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in link and not link.startswith("mailto:") and not (document.parent / link).exists():
                faults.append(f"{name}: the link {link} leads nowhere")
    return faults + check_settings(root), len(documents)


def check_settings(root):
    """Both say "A2AKIT_LEASE … 15": the default is the first word behind the name, in the table its third column."""
    header = (root / "include/a2akit/server/settings.hpp").read_text()
    reference = (root / "docs/reference/settings.md").read_text()
    in_code = dict(re.findall(r"///<? (A2AKIT_\w+)(?: \(s\))?, ([^;:(\n]*[^;:(\n ])", header))
    in_table = dict(re.findall(r"^\| `(A2AKIT_\w+)` \| `\w+` \| ([^;:(|\n]*[^;:(|\n ])", reference, re.M))
    variables = set(re.findall(r"A2AKIT_\w+", header))
    documented = set(re.findall(r"`(A2AKIT_\w+)`", reference))
    faults = [f"docs/reference/settings.md does not name {v}" for v in sorted(variables - documented)]
    faults += [f"docs/reference/settings.md names {v}, which settings.hpp does not" for v in sorted(documented - variables)]
    faults += [f"settings.hpp does not say the default of {v} as the others do" for v in sorted(variables - set(in_code))]
    faults += [f"{v}: settings.hpp says {in_code[v]}, docs/reference/settings.md {in_table.get(v)}"
               for v in sorted(variables & set(in_code)) if in_code[v] != in_table.get(v)]
    return faults


if __name__ == "__main__":
    found_faults, count = check(ROOT)
    print("\n".join(found_faults) or f"{count} documents agree with the code")
    sys.exit(1 if found_faults else 0)
