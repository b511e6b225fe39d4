#!/usr/bin/env python3
"""What a PostgreSQL that goes away does to nodes that run on it: every request is answered soon, with an error that may be
retried, and all is well again by itself.

usage: postgres_outages.py PROGRAM [unittest's arguments]
"""
import json
import os
import signal
import subprocess
import sys
import threading
import time

import many_nodes
from many_nodes import state
from postgres_weather import FROZEN, SOON, Together, Weather, ask, message, requests, slow_sends


class Outages(Weather):
    def test_what_is_under_way_when_the_database_dies_gets_an_error_that_may_be_retried(self):
        node, = self.start()
        paused = node.send("ask")["id"]
        task = self.working(node)
        watched = node.subscribe(task)
        watched.wait_for(lambda events: events)
        waiting = Together(node, slow_sends())
        self.wait_until(lambda: self.server.sql(
            f"select count(*) from {self.schema}.tasks where run_node is not null") == "3")
        with self.locked():
            asked = Together(node, requests(task, paused))
            self.wait_until(lambda: self.backends("wait_event_type = 'Lock'"))
            self.server.stop(signal.SIGQUIT)
            try:
                self.check_all_fail(asked, SOON)
                self.check_all_fail(waiting, 3 * SOON)
                self.assertFalse(watched.ended.is_set(), "an open stream outlives the outage")
                self.assertEqual(node.get("/health")[0].status, 200)
                ready, body = node.get("/health/ready")
                self.assertEqual(ready.status, 503)
                self.assertIn("no server answers at the host and port", json.loads(body)["checks"]["storage"])
                self.check_all_fail(Together(node, requests(task, paused)), SOON)
            finally:
                self.server.start()
        self.wait_until(lambda: self.ready(node))
        self.check_all_is_well(node, task)
        self.assertTrue(watched.ended.wait(10))
        self.assertEqual(watched.events[-1][1]["statusUpdate"]["status"]["state"], "TASK_STATE_CANCELED")

    def test_the_log_says_once_what_is_wrong_and_once_that_it_is_over(self):
        node, = self.start()
        watched = node.subscribe(self.working(node))
        for _ in range(2):
            began = len(node.lines)
            self.server.stop(signal.SIGQUIT)
            try:
                self.wait_until(lambda: b"no server answers" in node.get("/health/ready")[1])
                time.sleep(4)  # eight sweeps and as many attempts
            finally:
                self.server.start()
            self.wait_until(lambda: self.ready(node) and any("storage answers again" in line for line in node.lines[began:]))
            said = node.lines[began:]
            for line in said:
                self.assertRegex(line, "^time=[^ ]+ level=")
            self.assertEqual(sum("no server answers" in line for line in said if "postgres connection=lost" in line), 1, said)
            self.assertEqual(sum("could not ask the storage" in line for line in said), 1, said)
            self.assertLess(len(said), 16, said)
        self.assertFalse(watched.ended.is_set())

    def test_a_server_that_takes_no_writes_any_more_is_not_ready_and_the_log_is_short(self):
        node, = self.start()
        self.assertEqual(state(node.send("hi")), "COMPLETED")
        began = len(node.lines)
        self.server.sql("alter system set default_transaction_read_only = on")
        try:
            self.server.sql("select pg_reload_conf()")
            self.wait_until(lambda: b"takes no writes" in node.get("/health/ready")[1])
            answer = ask(node, "POST", "/message:send", {"message": message("hi")})
            self.assertTrue(answer.may_be_retried, answer)
            time.sleep(4)
            self.assertFalse(self.ready(node))
            self.assertLess(len(node.lines) - began, 16, node.lines[began:])
        finally:
            self.server.sql("alter system reset default_transaction_read_only")
            self.server.sql("select pg_reload_conf()")
        self.wait_until(lambda: self.ready(node))
        self.assertEqual(state(node.send("hi")), "COMPLETED")

    def test_readiness_names_the_backend_that_is_down_and_no_other(self):
        node, = self.start(BROKER="memory:", EVENT_BUS="memory:", CANCEL_REGISTRY="memory:")
        self.server.stop(signal.SIGQUIT)
        try:
            ready, body = node.get("/health/ready")
            checks = json.loads(body)["checks"]
        finally:
            self.server.start()
        self.assertEqual(ready.status, 503)
        self.assertEqual([port for port, outcome in checks.items() if outcome != "ok"], ["storage"])
        self.wait_until(lambda: self.ready(node))

    def test_a_database_that_freezes_is_noticed(self):
        node, = self.start()
        paused = node.send("ask")["id"]
        task = self.working(node)
        waiting = Together(node, slow_sends())
        self.wait_until(lambda: self.server.sql(
            f"select count(*) from {self.schema}.tasks where run_node is not null") == "3")
        frozen = [self.server.process.pid]
        os.kill(frozen[0], signal.SIGSTOP)
        try:
            # Behind that no child begins, and the id of one that ends stays taken.
            children = subprocess.run(["pgrep", "-P", str(frozen[0])], capture_output=True, text=True)
            for process in map(int, children.stdout.split()):
                os.kill(process, signal.SIGSTOP)
                frozen.append(process)
            ready, body = node.get("/health/ready")
            self.assertEqual((ready.status, json.loads(body)["checks"]["storage"]), (503, "no answer"))
            self.check_all_fail(Together(node, requests(task, paused)), FROZEN)
            self.check_all_fail(Together(node, requests(task, paused)), SOON)
            self.check_all_fail(waiting, 2 * FROZEN)
        finally:
            for process in reversed(frozen):  # the one that would let go of their ids comes last
                os.kill(process, signal.SIGCONT)
        self.wait_until(lambda: self.ready(node))
        self.check_all_is_well(node, task)

    def test_connections_that_go_silent_are_replaced_though_nobody_asks_them(self):
        self.start()
        silent = self.backends()
        self.assertEqual(len(silent), 5)
        for process in silent:
            os.kill(process, signal.SIGSTOP)
        try:
            self.wait_until(lambda: len(set(self.backends()) - set(silent)) == 5, 40, "a new set of connections")
        finally:
            for process in silent:
                os.kill(process, signal.SIGCONT)
        self.assertEqual(state(self.nodes[0].send("after")), "COMPLETED")
        self.wait_until(lambda: not set(self.backends()) & set(silent))

    def test_connections_that_an_operator_ends_are_made_anew_and_nothing_is_lost(self):
        one, two = self.start(2)
        accepted, stop, faults = [], threading.Event(), []

        def load(node):
            while not stop.is_set():
                answer = ask(node, "POST", "/message:send", {"message": message("hi")})
                if answer.status == 200:
                    accepted.append(answer.body["task"]["id"])
                elif not answer.may_be_retried or answer.took > SOON:
                    faults.append(answer)

        threads = [threading.Thread(target=load, args=(node,)) for node in (one, two) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            count = len(accepted)
            self.server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'a2akit'")
            self.wait_until(lambda: len(accepted) > count + 10)
        stop.set()
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive(), "a request hangs")
        self.assertEqual(faults, [])
        self.wait_until(lambda: self.server.sql(f"select count(*) from {self.schema}.tasks where state <> 3") == "0")
        for task in accepted:
            # The second node may still be making connections anew; then it says that it can be asked again.
            answers = []
            self.wait_until(lambda: answers.append(ask(two, "GET", f"/tasks/{task}")) or not answers[-1].may_be_retried)
            self.assertEqual(state(answers[-1].body), "COMPLETED")

    def test_a_lock_that_somebody_keeps_fails_requests_and_nothing_else(self):
        node, = self.start()
        paused = node.send("ask")["id"]
        task = self.working(node)
        with self.locked():
            self.check_all_fail(Together(node, requests(task, paused)), FROZEN)
        self.check_all_is_well(node, task)

    def test_a_statement_that_takes_too_long_is_given_up(self):
        node, = self.start(url=self.server.url + "?options=-cstatement_timeout%3D500")
        task = node.send("hi")["id"]
        with self.locked():
            answer = ask(node, "GET", f"/tasks/{task}")
        self.assertTrue(answer.may_be_retried, answer)
        self.assertEqual(answer.body["error"]["message"], "the storage is not available; try again")
        self.wait_until(lambda: any("postgres sqlstate=57014" in line for line in node.lines))
        self.assertEqual(state(node.task(task)), "COMPLETED")


if __name__ == "__main__":
    sys.exit(many_nodes.run_without_mix())
