"""Walks the #include lines of include/ and src/ and names every one that points the wrong way.

The rooms and their directions are those of docs/concepts/architecture.md. Used by include_graph_test.py; run it alone
with `python3 include_graph.py [ROOT]`.
"""

import pathlib
import re
import sys

PORTS = {"storage", "broker", "event_bus", "cancel", "ports"}
BELOW_RUNTIME = {"core", "protocol", "json", "request", "emitter", "worker"} | PORTS
BACKEND = {"core", "protocol", "json", "backends/common"} | PORTS

# room -> the rooms it may include, besides itself
ALLOWED = {
    "core": set(),
    "protocol": {"core"},
    "json": {"core", "protocol"},
    **{port: {"core", "protocol", "json"} | PORTS for port in PORTS},
    "request": {"core", "protocol", "json"} | PORTS,
    "emitter": {"core", "protocol", "json"} | PORTS,
    "worker": {"core", "protocol", "json", "request", "emitter"} | PORTS,
    "runtime": BELOW_RUNTIME,
    "backends": BACKEND | {"backends"},
    "backends/postgres": BACKEND | {"net"},  # its connections live on a loop of ours
    "backends/redis": BACKEND | {"net"},
    "wire": {"core", "protocol", "json", "request"},
    "net": {"core"},
    "security": {"core", "protocol", "json", "request", "net"},
    "http": BELOW_RUNTIME | {"wire", "net", "security", "runtime"},
    "grpc": {"core", "protocol", "json", "request", "wire", "net", "security", "http", "client",
             "runtime"},
    "client": {"core", "protocol", "json", "request", "wire", "net", "worker", "emitter"} | PORTS,
    "push": {"core", "protocol", "json", "request", "wire"} | PORTS,
    "server": BELOW_RUNTIME | {"backends", "wire", "net", "runtime", "http", "security", "push"},
    "testing": BELOW_RUNTIME | {"backends", "runtime"},
    "serve": BELOW_RUNTIME | {"wire", "net", "client", "server"},
    "cli": BELOW_RUNTIME | {"backends", "wire", "net", "runtime", "http", "client", "server", "serve"},
}

# Headers that are there for the users of a foreign library, and included by nothing else of ours.
BRIDGES = {"json/boost.hpp": "boost/json/", "json/nlohmann.hpp": "nlohmann/"}

# What only some rooms may include, by the beginning of the header's name.
FOREIGN = {
    "boost/beast": {"http"},
    "boost/asio": {"http", "net", "server", "serve", "backends/postgres", "backends/redis"},
    "libpq": {"backends/postgres"},
    "hiredis/": {"backends/redis"},
    "curl/": {"core"},  # core/libcurl.hpp loads it at its first use
    "simdjson": {"json", "wire"},
    "sqlite3": {"backends/sqlite"},
    "CLI/": {"cli"},
    "toml++/": {"serve"},
    "grpcpp/": {"grpc"},
    "google/protobuf/": {"grpc"},
    "gtest/": {"testing"},
    "gmock/": {"testing"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def room_of(path):
    """The room of a header or source named relative to include/a2akit or src."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "backends" and len(parts) > 2:
        return "backends/" + parts[1]
    if len(parts) > 1:
        return parts[0]
    stem = pathlib.PurePosixPath(path).stem
    return "a2akit" if stem == "agent" else stem  # a2akit.hpp and agent.hpp, ports.hpp


def allowed_for(room):
    return ALLOWED.get(room, ALLOWED.get("backends" if room.startswith("backends/") else room))


def may_include(room, other):
    if room == other or room == "a2akit":
        return True
    if room == "backends":  # the registry of backends names them all
        return other.startswith("backends/") or other in BACKEND
    if room.startswith("backends/"):
        return other in ALLOWED.get(room, BACKEND)
    allowed = allowed_for(room)
    return allowed is not None and (other in allowed or other.split("/")[0] in allowed)


def foreign_complaint(room, header, is_public):
    if is_public and header.startswith("boost/"):
        return "Boost stays out of the installed headers"
    for prefix, rooms in FOREIGN.items():
        if header.startswith(prefix):
            return None if room in rooms else f"<{prefix}…> belongs to {', '.join(sorted(rooms))} only"
    return None


def violations(root):
    """One line per include that points the wrong way."""
    root = pathlib.Path(root)
    found = []
    for base, is_public in ((root / "include" / "a2akit", True), (root / "src", False)):
        for file in sorted(base.rglob("*")):
            if file.suffix not in (".hpp", ".cpp"):
                continue
            room = room_of(file.relative_to(base).as_posix())
            if room != "a2akit" and allowed_for(room) is None:
                found.append(f"{file.relative_to(root)}: the room '{room}' is not in ALLOWED; give it its place there")
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                bridged = BRIDGES.get(file.relative_to(base).as_posix()) if is_public else None
                if not match or (bridged and match.group(1).startswith(bridged)):
                    continue
                complaint = complain(root, room, match.group(1), is_public)
                if complaint:
                    found.append(f"{file.relative_to(root)}:{number}: {complaint}")
    return found


def complain(root, room, header, is_public):
    if header.removeprefix("a2akit/") in BRIDGES:
        return f"{header} is for users of that library"
    if header.startswith("a2akit/"):
        other = room_of(header.removeprefix("a2akit/"))
        if other == "a2akit" and room != "a2akit":
            return f"{header} is for users; include what is needed"
    elif (root / "src" / header).exists() or header.split("/")[0] in ALLOWED:
        if is_public:
            return f"a public header includes the internal \"{header}\""
        other = room_of(header)
    else:
        return foreign_complaint(room, header, is_public)
    if not may_include(room, other):
        return f"{room} must not include {other} ({header})"
    return None


if __name__ == "__main__":
    lines = violations(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[3])
    print("\n".join(lines) or "every include points the right way")
    sys.exit(bool(lines))
