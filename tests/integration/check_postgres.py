#!/usr/bin/env python3
"""What `a2akit check` says of a PostgreSQL schema, and what it sets aside, while an agent uses it.

usage: check_postgres.py A2AKIT PROGRAM   (PROGRAM is examples/notifying.cpp)
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import sealed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import postgres_server  # noqa: E402

SKIPPED = 77
WITHIN_S = 60
# The server lets nobody change a table of pieces of long values that is known as one.
DAMAGE = """
set allow_system_table_mods = on;
do $$
declare v_pieces regclass := (select reltoastrelid from pg_class where oid = 'a2akit.writes'::regclass);
begin
    update pg_class set relkind = 'r' where oid = v_pieces;
    execute 'delete from ' || v_pieces;
    update pg_class set relkind = 't' where oid = v_pieces;
end $$"""


class Checker:
    def __init__(self, program, url):
        self.program, self.url = program, url

    def __call__(self, status, *words, options=(), url=None, environment=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("A2AKIT_")}
        done = subprocess.run([self.program, "check", url or self.url, *options], capture_output=True, text=True,
                              timeout=WITHIN_S, env={**kept, **(environment or {})})
        said = done.stdout + done.stderr
        assert done.returncode == status and all(word in said for word in words), (done.returncode, words, said)
        assert sealed.MARK not in said and "7777" not in said, said
        return said


def listed(agent):
    return {task["id"] for task in agent.call("GET", "/tasks")[1]["tasks"]}


def check_damage(program, check, server, environment):
    check(2, "no agent has made the schema")
    with sealed.Agent(program, environment) as agent:
        # It cannot be compressed, so the server stores it in pieces.
        of_server = agent.send("".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz", k=20_000)))
        server.sql(DAMAGE)
        server.sql("vacuum a2akit.writes")
        of_ours = agent.send("short")
        sound = agent.send("sound")
        check(1, f"task {of_server}: PostgreSQL cannot read it\n", "damaged in 1 task;")
        server.sql(f"update a2akit.writes set history = '\\x01ff' where task = '{of_ours}' and history is not null")
        said = check(1, f"task {of_server}: PostgreSQL cannot read it\n",
                     f"task {of_ours}: writes.history cannot be read\n", "schema a2akit is damaged in 2 tasks;")
        assert sound not in said, said
        assert listed(agent) == {of_server, of_ours, sound}
        check(0, "2 tasks moved to a2akit.set_aside\n", "schema a2akit is sound\n", options=["--set-aside"])
        check(0, "schema a2akit is sound\n")
        check(0, "schema a2akit is sound\n", options=["--set-aside"])
        assert listed(agent) == {sound}, listed(agent)
        assert agent.call("GET", f"/tasks/{of_server}")[0] == 404
        assert agent.text_of(agent.send("more")) == "Delivered: more"
    for table in ("writes", "keys", "queue", "dead_letters", "pushes"):
        left = server.sql(f"select count(*) from a2akit.{table} where task in ('{of_server}', '{of_ours}')")
        assert left == "0", f"{left} rows are left in {table}"
    kept = server.sql(f"select contents->>'history' from a2akit.set_aside where task = '{of_ours}' and stood_in = 'writes'")
    assert "\\x01ff" in kept.splitlines(), kept
    assert "history" in server.sql(f"select lost from a2akit.set_aside where task = '{of_server}' and stood_in = 'writes'")
    tasks = server.sql("select task from a2akit.set_aside where stood_in = 'tasks' and contents->>'id' = task::text")
    assert set(tasks.split()) == {of_server, of_ours}, tasks


def check_sealed(program, check, server, environment):
    with sealed.Agent(program, environment, sealed.OLD) as agent:
        damaged = agent.send(f"hello {sealed.MARK}")
        other = agent.send("hello")
    keyless = check(0, "2 tasks are encrypted: the check needs A2AKIT_DATA_KEYS",
                    "schema a2akit is sound in all else\n", options=["--set-aside"])
    assert damaged not in keyless, keyless
    keys = {"A2AKIT_DATA_KEYS": sealed.OLD}
    check(0, "schema a2akit is sound\n", environment=keys)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(sealed.OLD + "\n")
        file.flush()
        check(0, "schema a2akit is sound\n", environment={"A2AKIT_DATA_KEYS_FILE": file.name})
    # The last byte of a push configuration's sealed token belongs to the tag that proves it unchanged.
    config = json.loads(bytes.fromhex(server.sql(
        f"select encode(config, 'hex') from a2akit.pushes where task = '{damaged}'")))
    token = config["token"]
    config["token"] = ("B" if token[40] == "A" else "A").join((token[:40], token[41:]))
    changed = json.dumps(config).encode().hex()
    server.sql(f"update a2akit.pushes set config = '\\x{changed}' where task = '{damaged}'")
    check(1, f"task {damaged}: pushes.config cannot be decrypted\n", "damaged in 1 task;", environment=keys)
    # Another key under the same id opens nothing, which is no damage; neither is a key that is not there.
    for wrong in ("old:" + "9" * 64, sealed.NEW):
        check(0, "2 tasks are encrypted", options=["--set-aside"], environment={"A2AKIT_DATA_KEYS": wrong})
    check(0, "1 task moved to a2akit.set_aside\n", "schema a2akit is sound\n", options=["--set-aside"], environment=keys)
    with sealed.Agent(program, environment, sealed.OLD) as agent:
        assert listed(agent) == {other}


def send_of(agent, tenant):
    status, answer = agent.call("POST", f"/{tenant}/message:send",
                                {"message": {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": "hello"}]}})
    assert status == 200, answer
    return answer["task"]["id"]


def listed_of(agent, tenant):
    status, answer = agent.call("GET", f"/{tenant}/tasks?pageSize=100")
    return {task["id"] for task in answer["tasks"]} if status == 200 else status


def check_page(program, check, server, environment):
    """A page of the tasks' table that the server cannot read: docs/concepts/durability.md says what follows."""
    def page_of(task):
        return server.sql(f"select (ctid::text::point)[0]::int from a2akit.tasks where id = '{task}'")
    with sealed.Agent(program, environment) as agent:
        page = page_of(send_of(agent, "first"))
        kept = send_of(agent, "second")
        while page_of(kept) == page:
            kept = send_of(agent, "third")
        owner = next(tenant for tenant in ("second", "third") if kept in listed_of(agent, tenant))
        sound = {task for task in listed_of(agent, owner) if page_of(task) != page}
    file = server.folder / "data" / server.sql("select pg_relation_filepath('a2akit.tasks')")
    server.stop()
    with open(file, "r+b") as pages:
        pages.seek(int(page) * 8192)
        pages.write(b"\xff" * 8192)
    server.start()
    with sealed.Agent(program, environment) as agent:
        assert listed_of(agent, "first") == 500
        assert agent.call("GET", f"/{owner}/tasks/{kept}")[0] == 200
        sent = send_of(agent, "fourth")
        assert listed_of(agent, "fourth") == {sent}
    for options in ([], ["--set-aside"]):
        check(1, "PostgreSQL finds a table of tasks damaged", "restore it from a backup", options=options)
    server.sql("alter role a2akit set zero_damaged_pages = on")
    for statement in ("vacuum (disable_page_skipping) a2akit.tasks", "reindex table a2akit.tasks"):
        server.sql(statement)
    server.sql("alter role a2akit reset zero_damaged_pages")
    check(1, 'in the tenant "first" has 0 tasks, and is counted to have 1\n', "wrongly; everything else can be used")
    check(0, "all tasks counted anew\n", "schema a2akit is sound\n", options=["--set-aside"])
    with sealed.Agent(program, environment) as agent:
        assert listed_of(agent, "first") == set()
        assert listed_of(agent, owner) == sound
        assert listed_of(agent, "fourth") == {sent}


def check_counts(program, check, server, environment):
    def total_of(agent, tenant):
        return agent.call("GET", f"/{tenant}/tasks?pageSize=1")[1]["totalSize"]

    def tool(name, *options):
        subprocess.run([postgres_server.binaries() / name, *options], check=True, timeout=WITHIN_S)

    with sealed.Agent(program, environment) as agent:
        for tenant in ("first", "first", "second"):
            send_of(agent, tenant)
        check(0, "schema a2akit is sound\n")
        server.sql("update a2akit.task_counts set tasks = tasks + 5 where tenant = 'first';"
                   "insert into a2akit.task_counts values ('no\none', 'third', 1, 7)")
        said = check(1, 'in the tenant "first" has 2 tasks, and is counted to have ',
                     'owner "no\\none" in the tenant "third" has 0 tasks, and is counted to have 7\n',
                     "schema a2akit counts the tasks of 2 owners wrongly;")
        assert '"second"' not in said, said
        check(0, "all tasks counted anew\n", "schema a2akit is sound\n", options=["--set-aside"])
        assert (total_of(agent, "first"), total_of(agent, "second"), total_of(agent, "third")) == (2, 1, 0)
        send_of(agent, "first")
        assert total_of(agent, "first") == 3
        check(0, "schema a2akit is sound\n")
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "dump")
        tool("pg_dump", server.url, "--schema=a2akit", "--format=custom", f"--file={dump}")

        def restore(*options):
            tool("pg_restore", f"--dbname={server.url}", "--no-owner", *options, dump)

        def start_anew():
            server.sql("set client_min_messages = error; drop schema a2akit cascade")

        for steps in ([[]], [["--schema-only"], ["--data-only", "--disable-triggers"]]):
            start_anew()
            for options in steps:
                restore(*options)
            check(0, "schema a2akit is sound\n")
        start_anew()
        restore("--schema-only")
        restore("--data-only")
        check(0, "schema a2akit is sound\n", options=["--set-aside"])  # whatever the triggers have counted
        with sealed.Agent(program, environment) as agent:
            assert (total_of(agent, "first"), total_of(agent, "second")) == (3, 1)


def check_refusals(check, server):
    version = server.sql("select version from a2akit.meta")
    for wrong, words in (("4", "made by an older a2akit"), ("99", "made by a newer a2akit")):
        server.sql(f"update a2akit.meta set version = {wrong}")
        for options in ([], ["--set-aside"]):
            assert check(2, words, options=options).count("\n") == 1
    server.sql(f"update a2akit.meta set version = {version}")
    server.sql("create schema other; create table other.notes (line text)")
    check(2, "belongs to another application", url=server.url + "?schema=other")
    closed = f"postgresql://a2akit:secret@127.0.0.1:1/{postgres_server.DATABASE}"
    said = check(2, "a URL with a password is not allowed", url=closed)
    assert said.count("\n") == 1 and "secret" not in said, said
    said = check(2, "no server answers at the host and port", url=closed.replace(":secret", ""))
    assert said.count("\n") == 1 and "secret" not in said, said
    check(2, "A2AKIT_DATA_KEYS", environment={"A2AKIT_DATA_KEYS": "nothing"})


def main():
    cli, program = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
    if not postgres_server.binaries():
        print("SKIPPED: no PostgreSQL server is installed")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    for attempt in (check_damage, check_sealed, check_page, check_counts):
        with postgres_server.PostgresServer() as server:
            environment = {f"A2AKIT_{port}": server.url for port in ("STORAGE", "BROKER", "EVENT_BUS", "CANCEL_REGISTRY")}
            check = Checker(cli, server.url)
            attempt(program, check, server, environment)
            if attempt is check_damage:
                check_refusals(check, server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
