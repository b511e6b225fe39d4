#!/usr/bin/env python3
"""Checks every requirement of the specification of a2a-cli against the executable, and that the published report says
what was found.

usage: compliance.py A2AKIT [--only TEXT] [--write]

--only runs the checks whose identifier contains TEXT, and leaves the report alone; --write writes it. The requirements
are in requirements.tsv, word for word from the specification; their checks are in *_checks.py.
"""
import argparse
import pathlib
import sys
import traceback

import registry
import tier1_access_checks
import tier1_checks
import tier2_checks
import tier3_checks
from support import Cli, live_agent

HERE = pathlib.Path(__file__).resolve().parent
REPORT = HERE.parent.parent / "docs" / "reference" / "cli-compliance.md"
NAMES = {1: "Core", 2: "Standard", 3: "Advanced"}
PASS = "✅"
ERROR_CODES = {
    "A2ACLI_ERR_USAGE": "A2ACLI_EXIT_001", "A2ACLI_ERR_CARD_NOT_FOUND": "A2ACLI_CARD_GET_001",
    "A2ACLI_ERR_CARD_INVALID": "A2ACLI_CARD_GET_001", "A2ACLI_ERR_UNREACHABLE": "A2ACLI_EXIT_001",
    "A2ACLI_ERR_CREDENTIALS_MISSING": "A2ACLI_EXIT_001", "A2ACLI_ERR_AUTH_FAILED": "A2ACLI_EXIT_001",
    "A2ACLI_ERR_TIMEOUT": "A2ACLI_EXIT_001", "A2ACLI_ERR_INTERNAL": "A2ACLI_ERR_INTERNAL"}


def requirements():
    for line in (HERE / "requirements.tsv").read_text().splitlines():
        identifier, tier, section, text = line.split("\t")
        yield identifier, int(tier), section, text


def run_checks(cli, only):
    """{identifier: (mark, note)}"""
    results = {}
    for identifier, *_ in requirements():
        if only and only not in identifier:
            continue
        if identifier not in registry.CHECKS:
            results[identifier] = registry.GAPS.get(identifier, ("❌", "There is no check."))
            print(f"{results[identifier][0]} {identifier}: {results[identifier][1]}", flush=True)
            continue
        function, how = registry.CHECKS[identifier]
        try:
            function(cli)
            # A check may cover only a part of the requirement; then a gap says what is missing.
            results[identifier] = registry.GAPS.get(identifier, (PASS, how))
        except Exception:
            traceback.print_exc()
            results[identifier] = ("FAULT", how)
        print(results[identifier][0], identifier, flush=True)
    return results


def table(tier, results):
    lines = ["| ID | Requirement | Spec § | Status | Notes |", "| --- | --- | --- | --- | --- |"]
    for identifier, of_tier, section, text in requirements():
        if of_tier == tier:
            mark, note = results[identifier]
            lines.append(f"| `{identifier}` | {text} | {section} | {mark} | {note} |")
    return "\n".join(lines)


def glance(results):
    marks = [PASS, "◐", "❌", "⊘", "—"]
    lines = ["| Tier | Requirements | " + " | ".join(f"`{mark}`" for mark in marks) + " | Tier satisfied? |",
             "| --- " * 8 + "|"]
    satisfied = {}
    for tier, name in NAMES.items():
        found = [results[identifier][0] for identifier, of_tier, *_ in requirements() if of_tier == tier]
        satisfied[tier] = satisfied.get(tier - 1, True) and all(mark in (PASS, "—") for mark in found)
        counts = " | ".join(str(found.count(mark)) for mark in marks)
        lines.append(f"| Tier {tier} — {name} | {len(found)} | {counts} | {'yes' if satisfied[tier] else 'no'} |")
    claimed = max((tier for tier, good in satisfied.items() if good), default=0)
    return "\n".join(lines), claimed


def report(results, version):
    overview, claimed = glance(results)
    defaults = "\n".join(f"| {name} | yes | yes | |" for name, _ in tier1_access_checks.DEFAULTS)
    codes = "\n".join(f"| `{code}` | yes | |" for code in ERROR_CODES)
    tiers = "\n\n".join(f"## Tier {tier} — {name}\n\n{table(tier, results)}" for tier, name in NAMES.items())
    return f"""# a2a-cli compliance report

Written by `tests/cli/compliance.py --write`, which runs the check of each requirement against the executable; a test fails
when this page says something else. The identifiers are those of the specification of a2a-cli.

| Field | Value |
| --- | --- |
| Tool name | `a2akit` |
| Tool version | {version} |
| Implementation language | C++ |
| Specification version targeted | `0.2` |
| Specification revision (Last updated) | 2026-08-17 |
| **Tier claimed** | {f'Tier {claimed}' if claimed else 'none'} |
| A2A protocol version(s) | 1.0 |
| Agent exercised against | `a2akit demo-server`, and scripted agents for what a well-behaved one does not do |
| That agent is TCK-conformant? | unknown |
| Transports covered | {', '.join(tier2_checks.TRANSPORTS)} |

`✅` implemented and verified, `◐` partly, `❌` missing or wrong, `⊘` not measured, `—` not applicable. The notes say how a
requirement is checked, or what is missing.

## Results at a glance

{overview}

{tiers}

## Defaults (`A2ACLI_DEFAULT_001`)

| Default (§6.5) | Shipped? | Overridable by flag? | Notes |
| --- | --- | --- | --- |
{defaults}

## Error codes

| Code | Emitted | Notes |
| --- | --- | --- |
{codes}

## Test evidence

- **How the tool was exercised:** `ctest -R cli.compliance`; one check alone: `tests/cli/compliance.py build/debug/bin/a2akit
  --only A2ACLI_SEND_001`.
- **Environment:** Debian 12 and 13.
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--write", action="store_true")
    given = arguments.parse_args()
    program = given.program.resolve()
    with live_agent(program) as url:
        cli = Cli(program, url)
        results = run_checks(cli, given.only)
        version = cli.run("--version").stdout.split()[-1]
    if any(mark == "FAULT" for mark, _ in results.values()):
        sys.exit("not every check passed")
    if given.only:
        return
    text = report(results, version)
    if given.write:
        REPORT.write_text(text)
    elif REPORT.read_text() != text:
        sys.exit(f"{REPORT.name} does not say what was found; run compliance.py --write")


if __name__ == "__main__":
    main()
