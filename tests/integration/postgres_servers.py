#!/usr/bin/env python3
"""PostgreSQL servers that are full, read-only, silent or replaced by another one: what nodes say and do.

usage: postgres_servers.py PROGRAM [unittest's arguments]
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import many_nodes
from many_nodes import Node, postgres_server, state
from postgres_weather import SOON, Weather, ask, message


class TooManyConnections(Weather):
    settings = ("max_connections=13",)  # of which three are for superusers

    def connect(self):
        """A psql that is connected, as it says itself: to ask the server would take a connection away from it. None
        while one of the test's former connections is still on its way out."""
        role = "postgresql://guest@" + self.server.url.split("@")[1]
        psql = subprocess.Popen([postgres_server.binaries() / "psql", "-X", "-q", role], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        with contextlib.suppress(BrokenPipeError):
            psql.stdin.write("\\echo connected\n")
            psql.stdin.flush()
        if psql.stdout.readline() == "connected\n":
            return psql
        with contextlib.suppress(BrokenPipeError):
            psql.communicate(timeout=20)
        return None

    def hold(self, count):
        held = []
        self.wait_until(lambda: held.append(self.connect()) or sum(map(bool, held)) == count)
        return [psql for psql in held if psql]

    def test_a_server_without_a_free_connection_is_said_to_be_one_and_asked_again(self):
        self.server.sql("create role guest login; grant create on database a2akit_test to guest")
        guest = "postgresql://guest@" + self.server.url.split("@")[1]
        node, = self.start(url=guest)
        task = self.working(node)
        held = self.hold(5)  # and five are the node's
        try:
            refused = Node(self.schema, url=guest)
            said = [line for line in refused.output().splitlines() if line.startswith("a2akit: ")]
            refused.close()
            self.assertEqual(len(said), 1)
            self.assertIn("raise its max_connections", said[0])
            # The node's own are ended, and others are quicker.
            self.server.sql("alter role guest connection limit 5")
            self.server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'a2akit'")
            self.wait_until(lambda: b"max_connections" in node.get("/health/ready")[1])
            answer = ask(node, "GET", f"/tasks/{task}")
            self.assertTrue(answer.may_be_retried, answer)
            self.assertLess(answer.took, SOON)
        finally:
            for one in held:
                one.communicate(timeout=20)
            self.server.sql("alter role guest connection limit -1")
        self.wait_until(lambda: self.ready(node))
        self.check_all_is_well(node, task)


class SilentServer(Weather):
    def test_the_other_server_of_the_url_is_found_behind_one_that_keeps_silent(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            both = self.server.url.replace(f"127.0.0.1:{self.server.port}",
                                           f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{self.server.port}")
            node, = self.start(url=both)
            self.assertEqual(state(node.send("hi")), "COMPLETED")
            self.server.restart(signal.SIGQUIT)
            self.wait_until(lambda: self.ready(node), 30)
            self.assertEqual(state(node.send("hi")), "COMPLETED")
            node.close()


class SilentNames(Weather):
    """The node sees files of ours as /etc/hosts and /etc/resolv.conf; the name service of the latter never answers."""
    SERVICE = "127.53.53.53"

    def test_a_name_service_that_keeps_silent_holds_up_nobody(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="a2akit-names-")))
        (folder / "hosts").write_text("127.0.0.1 db.test\n")
        (folder / "resolv.conf").write_text(f"nameserver {self.SERVICE}\n")
        program = folder / "node"
        program.write_text(f"#!/bin/sh\nmount --bind {folder}/hosts /etc/hosts && mount --bind {folder}/resolv.conf "
                           f"/etc/resolv.conf && exec {many_nodes.PROGRAM}\n")
        program.chmod(0o755)
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("file systems of its own cannot be given to a process here")
        names = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        names.bind((self.SERVICE, 53))
        node, = self.start(url=self.server.url.replace("127.0.0.1", "db.test"), program=["unshare", "-m", program])
        task = self.working(node)
        (folder / "hosts").write_text("")
        self.server.stop(signal.SIGQUIT)
        try:
            for _ in range(3):
                answer = ask(node, "GET", f"/tasks/{task}")
                self.assertTrue(answer.may_be_retried, answer)
                self.assertLess(answer.took, 2)
            self.wait_until(lambda: b"the name service does not answer" in node.get("/health/ready")[1])
        finally:
            self.server.start()
        (folder / "hosts").write_text("127.0.0.1 db.test\n")
        self.wait_until(lambda: self.ready(node), 30)
        self.check_all_is_well(node, task)


class Replicas(Weather):
    settings = ("wal_level=replica", "max_wal_senders=4", "hot_standby=on")

    def standby(self):
        """A hot standby of the class's server, streaming from it."""
        made = postgres_server.PostgresServer(self.settings)
        self.addCleanup(lambda: made.__exit__(None, None, None))
        if made.account:
            os.chown(made.folder, made.account.pw_uid, made.account.pw_gid)
        subprocess.run([postgres_server.binaries() / "pg_basebackup", "-h", "127.0.0.1", "-p", str(self.server.port), "-U",
                        postgres_server.USER, "-D", made.folder / "data", "-R", "-X", "stream", "-c", "fast"], check=True,
                       **made._options())
        made.start()
        return made

    def test_a_replica_is_refused_and_a_promoted_one_is_found(self):
        replica = self.standby()
        refused = Node(self.schema, url=replica.url)
        said = [line for line in refused.output().splitlines() if line.startswith("a2akit: ")]
        refused.close()
        self.assertEqual(len(said), 1)
        self.assertIn("name the primary in the URL", said[0])
        both = self.server.url.replace(f"127.0.0.1:{self.server.port}",
                                       f"127.0.0.1:{replica.port},127.0.0.1:{self.server.port}")
        node, = self.start(url=both)
        task = self.working(node)
        position = self.server.sql("select pg_current_wal_lsn()")
        self.wait_until(lambda: replica.sql(f"select pg_last_wal_replay_lsn() >= '{position}'::pg_lsn") == "t")
        self.server.stop(signal.SIGQUIT)
        try:
            answer = ask(node, "POST", "/message:send", {"message": message("hi")})
            self.assertTrue(answer.may_be_retried, answer)
            replica.sql("select pg_promote()")
            self.wait_until(lambda: self.ready(node))
            self.check_all_is_well(node, task)
            node.close()  # before its server goes
        finally:
            self.server.start()


class FullDisk(Weather):
    """The tables lie on a small file system, the log beside it."""

    @classmethod
    def setUpClass(cls):
        cls.disk = Path(tempfile.mkdtemp(prefix="a2akit-disk-"))
        cls.addClassCleanup(shutil.rmtree, cls.disk, True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", cls.disk],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            raise unittest.SkipTest("a small file system cannot be mounted here: " + mounted.stderr.strip())
        cls.addClassCleanup(subprocess.run, ["umount", "-l", cls.disk])
        super().setUpClass()

    def test_a_full_disk_is_said_to_be_one_and_what_can_be_read_is_read(self):
        space = self.disk / "tables"
        space.mkdir()
        if self.server.account:
            os.chown(space, self.server.account.pw_uid, self.server.account.pw_gid)
        self.server.sql(f"create tablespace small location '{space}'", "postgres")
        self.server.sql("alter database a2akit_test set tablespace small", "postgres")
        node, = self.start()
        task = node.send("before")["id"]
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while ballast.write(b"x" * 4096):
                    pass
            # What has room in the pages that are there still goes in.
            answers = []
            long = "x" * 100_000
            self.wait_until(lambda: answers.append(
                ask(node, "POST", "/message:send", {"message": message(long)})) or answers[-1].status != 200)
            self.assertTrue(answers[-1].may_be_retried, answers[-1])
            self.assertEqual(answers[-1].body["error"]["message"], "the storage is not available; try again")
            self.wait_until(lambda: any("postgres sqlstate=53100" in line for line in node.lines))
            self.assertEqual(state(node.task(task)), "COMPLETED")
            self.assertEqual(ask(node, "GET", "/tasks").status, 200)
        (self.disk / "ballast").unlink()
        self.wait_until(lambda: ask(node, "POST", "/message:send", {"message": message(long)}).status == 200)
        self.wait_until(lambda: self.server.sql(f"select count(*) from {self.schema}.tasks where state <> 3") == "0")


if __name__ == "__main__":
    sys.exit(many_nodes.run_without_mix())
