#!/usr/bin/env python3
"""Holds the documents to the code.

- Every C++ block says which file it is from (`<!-- from: examples/echo.cpp -->`) and stands there, line by line; those
  files are compiled and run by tests of their own.
- Every relative link leads somewhere.
- docs/reference/settings.md names exactly the variables of settings.hpp, with the defaults that stand there.
- The tables of the other pages of docs/reference name exactly the calls and fields of the types they are about.
- docs/guides/troubleshooting.md has an entry for each error of a backend or of a mix of them that an operator may meet.
"""
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# page of docs/reference: the header and types that it is about
TYPES = {
    "server": [("server/server.hpp", ["Server", "ServerOptions", "AgentOptions", "CardConfig"])],
    "task-context": [("worker/task_context.hpp", ["TaskContext", "FilePart", "EmitArtifact", "AgentMessage", "AuthRequest"])],
    "client": [("client/client.hpp", ["Client", "TaskList"]),
               ("client/async_client.hpp", ["AsyncClient", "AsyncClientStream", "AsyncTaskList"]),
               ("client/client_options.hpp", ["ClientOptions", "CardTrust", "RetryPolicy", "SendOptions"]),
               ("client/send_result.hpp", ["SendResult"]),
               ("client/client_stream.hpp", ["ClientStream", "StreamEvent"]),
               ("client/card_cache.hpp", ["FetchedCard"]),
               ("client/credentials.hpp", ["ApiKey", "BasicLogin", "BearerToken", "OAuthClient", "TokenSource"]),
               ("client/interceptor.hpp", ["Interceptor", "ClientRequest"]),
               ("client/delegate.hpp", ["Delegate"]),
               ("client/oauth.hpp", ["OAuthProvider", "OAuthTokens", "DeviceLogin", "AuthorizationCodeLogin"])],
    "storage": [("storage/storage.hpp", ["Storage"]), ("storage/task_update.hpp", ["TaskUpdate"]),
                ("storage/maintenance.hpp", ["Maintenance"]), ("storage/context_store.hpp", ["ContextStore"]),
                ("storage/push_store.hpp", ["PushStore"])],
    "broker": [("broker/broker.hpp", ["Broker", "Receiver", "Delivery"])],
    "event-bus": [("event_bus/event_bus.hpp", ["EventBus", "Subscription"])],
    "cancel-registry": [("cancel/cancel_registry.hpp", ["CancelRegistry", "CancelScope"])],
}


def lines_of(text):
    return [line.rstrip() for line in textwrap.dedent(text).strip("\n").splitlines()]


def stands_in(block, source):
    """Whether the lines of the block follow each other in the source, indented as a whole or not."""
    wanted = [line.strip() for line in lines_of(block)]
    have = [line.strip() for line in source.splitlines()]
    return any(have[i:i + len(wanted)] == wanted for i in range(len(have) - len(wanted) + 1))


def without_inner(text, brackets, instead):
    """Every outermost pair of these brackets, with what is inside, replaced."""
    opening, closing = re.escape(brackets[0]), re.escape(brackets[1])
    innermost = re.compile(f"{opening}[^{opening}{closing}]*{closing}")
    while innermost.search(text):
        text = innermost.sub(instead, text)
    return text


def public_names(header, type_name):
    """The calls and fields that stand in the body of a type, but for constructors and operators."""
    text = re.sub(r"//.*", "", header)
    start = re.search(rf"^ *(?:class|struct) {type_name}\b[^;{{]*\{{", text, re.M)
    indent = re.match(r" *", start.group()).group()
    body = text[start.end():text.index(f"\n{indent}}};", start.end())]
    body = re.split(rf"^{indent}private:", body, flags=re.M)[0]
    body = without_inner(body.replace("public:", ""), "{}", ";")
    names = set()
    for declaration in without_inner(without_inner(body, "<>", ""), "()", "@").split(";"):
        declaration = declaration.split("=")[0].strip()
        if re.match(r"(class|struct|enum|using|friend)\b", declaration) or "operator" in declaration:
            continue
        found = re.search(r"(~?\w+) *@", declaration) or re.search(r"\w+ (\w+)$", declaration)
        if found and found.group(1).strip("~") != type_name:
            names.add(found.group(1))
    return names


def check_reference(root):
    faults = []
    for page, headers in TYPES.items():
        text = (root / "docs/reference" / f"{page}.md").read_text()
        documented = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", text, re.M))))
        declared = set()
        for header, types in headers:
            for type_name in types:
                declared |= public_names((root / "include/a2akit" / header).read_text(), type_name)
        faults += [f"docs/reference/{page}.md does not name {name}" for name in sorted(declared - documented)]
        faults += [f"docs/reference/{page}.md names {name}, which is not declared" for name in sorted(documented - declared)]
    return faults


TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
ERRORS = {
    "src/backends/postgres/pg_error.cpp": [rf'Meaning\{{"[^"]*",\s*{TEXT}', rf"string_view k\w+ =\s*{TEXT}",
                                           rf"unavailable\({TEXT}", rf"kInternal, {TEXT}"],
    "src/backends/postgres/pg_lookup.cpp": [rf"unavailable\({TEXT}"],
    "src/backends/postgres/pg_pool.cpp": [rf"unavailable\({TEXT}"],
    "src/backends/postgres/pg_address.cpp": [rf"kInvalidParams,\s*{TEXT}"],
    "src/backends/postgres/pg_migrations.cpp": [rf"(?:refused|unavailable)\({TEXT}"],
    "src/backends/postgres/pg_session.cpp": [rf"(?:refused|unavailable)\({TEXT}"],
    "src/backends/redis/redis_error.cpp": [rf'Meaning\{{"[^"]*",\s*{TEXT}', rf"unavailable\({TEXT}", rf"kInternal, {TEXT}"],
    "src/backends/redis/redis_stream.cpp": [rf'Meaning\{{"[^"]*",\s*{TEXT}', rf"unavailable\({TEXT}"],
    "src/backends/redis/redis_connection.cpp": [rf"[?:] {TEXT}"],
    "src/server/backend_mix.cpp": [rf"emplace_back\(\s*{TEXT}", rf"invalid_field\([^,]*,\s*{TEXT}"],
    "src/server/backend_registry.cpp": [rf"kInvalidParams, {TEXT}", rf": {TEXT} \+ known"],
}


def errors_in(source, patterns):
    """What comes before the first semicolon or colon of each message."""
    for pattern in patterns:
        for found in re.finditer(pattern, source):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found.group(1)))
            yield re.split(r"[;:,(]", text.removeprefix("A2AKIT_STORAGE: "))[0].strip()


def check_errors(root):
    plain = (root / "docs/guides/troubleshooting.md").read_text().replace("`", "")
    faults, count = [], 0
    for name, patterns in ERRORS.items():
        for error in errors_in((root / name).read_text(), patterns):
            count += 1
            if error not in plain:
                faults.append(f"docs/guides/troubleshooting.md does not explain \"{error}\" of {name}")
    if count < 40:
        faults.append(f"only {count} errors were found in the sources: check_docs.py looks for them in a wrong way")
    return faults


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
    return faults + check_settings(root) + check_reference(root) + check_errors(root), len(documents)


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
