#!/usr/bin/env python3
"""What the oracle says of runs that are made up here, each wrong in one way; and that it says nothing of a sound one."""
import copy
import types
import unittest

import database
import journal
import oracle
import outcome
from load import Job, Load

TASK, MESSAGE = "t", "job-0-0-1"
SUBMITTED, WORKING, COMPLETED, FAILED, CANCELED, ASKING = (
    "TASK_STATE_" + state for state in ("SUBMITTED", "WORKING", "COMPLETED", "FAILED", "CANCELED", "INPUT_REQUIRED"))
GIVEN_UP = "this turn was tried 4 times, and each time its run was lost with its node, its lease or the storage"


def status(state, text=None):
    said = {"messageId": "a-" + text, "role": "ROLE_AGENT", "parts": [{"text": text}]} if text else None
    return {"statusUpdate": {"status": {"state": state, **({"message": said} if said else {})}}}


def chunk(run, number, of, message=MESSAGE):
    update = {"artifact": {"artifactId": "out-" + message, "parts": [{"text": f"{run} {number}/{of}\n"}]}}
    update |= ({"append": True} if number > 1 else {}) | ({"lastChunk": True} if number == of else {})
    return {"artifactUpdate": update}


class Case:
    """A job, its log, and the journal of its handlers."""

    def __init__(self, *events, plan="chunks=2 end=complete", lines=("start t job-0-0-1 1.1 1", "end t job-0-0-1 1.1"),
                 **about):
        self.job = Job("blocking", "job-0-0")
        self.job.task, self.job.plans, self.job.ended = TASK, [(MESSAGE, plan)], True
        vars(self.job).update(about)
        self.log = list(enumerate(events, 1))
        self.lines = list(lines)
        end, artifacts = outcome.fold(self.log)
        history = [{"messageId": message, "role": "ROLE_USER", "parts": [{"text": text}]} for message, text in self.job.plans]
        self.job.final = {"id": TASK, "status": end, "history": history, "artifacts":
                          [{"artifactId": name, "parts": [{"text": t} for t in texts]} for name, texts in artifacts.items()]}
        self.job.answered = [end["state"]]

    def faults(self, promise=outcome.Promise(attempts=4)):
        noted = journal.Journal(self.lines)
        found = oracle.judge_job(self.job, self.log, noted, promise) + journal.judge(noted, [self.job], promise)
        return "; ".join(found)


SOUND = [status(SUBMITTED), status(WORKING), chunk("1.1", 1, 2), chunk("1.1", 2, 2), status(COMPLETED, "1.1 done")]
ONCE_KILLED = ["start t job-0-0-1 1.1 1", "dead 1", "start t job-0-0-1 2.1 2", "end t job-0-0-1 2.1"]


class AsAsked(unittest.TestCase):
    def test_a_sound_job_is_in_order(self):
        self.assertEqual(Case(*SOUND).faults(), "")

    def test_a_run_that_was_killed_leaves_the_first_of_its_chunks(self):
        case = Case(*SOUND[:3], chunk("2.1", 1, 2), chunk("2.1", 2, 2), status(COMPLETED, "2.1 done"), lines=ONCE_KILLED)
        self.assertEqual(case.faults(), "")

    def test_failed_without_any_run(self):
        case = Case(status(SUBMITTED), status(WORKING), status(FAILED, "PostgreSQL refused a statement"), lines=[])
        self.assertIn("ended TASK_STATE_FAILED, and TASK_STATE_COMPLETED was asked for", case.faults())

    def test_completed_where_a_failure_was_asked_for(self):
        self.assertIn("TASK_STATE_FAILED was asked for", Case(*SOUND, plan="chunks=2 end=fail").faults())

    def test_completed_with_nothing_done(self):
        self.assertIn("without a run that says so", Case(status(SUBMITTED), status(COMPLETED), lines=[]).faults())

    def test_completed_by_a_run_that_wrote_nothing(self):
        case = Case(status(SUBMITTED), status(WORKING), status(COMPLETED, "1.1 done"))
        self.assertIn("after 0 of 2 chunks", case.faults())

    def test_completed_after_fewer_chunks_than_were_asked_for(self):
        self.assertIn("after 2 of 8 chunks", Case(*SOUND, plan="chunks=8 end=complete").faults())

    def test_failed_after_some_of_the_chunks(self):
        case = Case(*SOUND[:3], status(FAILED, "boom"))
        self.assertIn("with 'boom'", case.faults())

    def test_a_chunk_is_lost_or_written_twice(self):
        self.assertIn("chunk", Case(*SOUND[:3], SOUND[4]).faults())
        self.assertIn("chunk", Case(*SOUND[:3], *SOUND[2:]).faults())

    def test_an_artifact_of_another_message(self):
        case = Case(SOUND[0], SOUND[1], chunk("1.1", 1, 2, "other"), chunk("1.1", 2, 2, "other"), SOUND[4])
        self.assertIn("what no run of it writes", case.faults())

    def test_a_run_wrote_whose_handler_never_began(self):
        self.assertIn("its handler never began", Case(*SOUND, lines=[]).faults())

    def test_a_message_that_was_answered_and_never_carried_out(self):
        case = Case(*SOUND)
        case.job.plans.append(("job-0-0-2", "chunks=0 end=complete"))
        self.assertIn("2 messages were answered, its log has 1 turns", case.faults())

    def test_a_turn_that_nobody_asked_for(self):
        case = Case(*SOUND[:4], status(ASKING, "1.1 done"), status(FAILED, GIVEN_UP), plan="chunks=2 end=input")
        self.assertIn("1 messages were answered, its log has 2 turns", case.faults())


class Canceled(unittest.TestCase):
    CANCELED = [status(SUBMITTED), status(WORKING), chunk("1.1", 1, 2), status(CANCELED)]

    def test_nobody_canceled(self):
        self.assertIn("nobody has canceled it", Case(*self.CANCELED).faults())

    def test_its_client_canceled(self):
        self.assertEqual(Case(*self.CANCELED, cancel_asked=True).faults(), "")

    def test_a_cancel_may_come_too_late(self):
        self.assertEqual(Case(*SOUND, cancel_asked=True).faults(), "")

    def test_but_not_for_a_plan_that_takes_longer_than_the_server_waits(self):
        self.assertIn("its cancel was accepted", Case(*SOUND, cancel_asked=True, has_to_be_canceled=True).faults())


class GivenUp(unittest.TestCase):
    LOST = [line for i in range(1, 5) for line in (f"start t job-0-0-1 {i}.1 {i}", f"dead {i}")]
    EVENTS = [status(SUBMITTED), status(WORKING), status(FAILED, GIVEN_UP)]

    def test_after_as_many_lost_runs_as_are_allowed(self):
        self.assertEqual(Case(*self.EVENTS, lines=self.LOST).faults(), "")

    def test_the_run_that_gives_up_may_be_lost_too_but_no_handler_begins_for_it(self):
        again = status(FAILED, GIVEN_UP.replace("4", "5"))
        self.assertEqual(Case(*self.EVENTS[:2], again, lines=[*self.LOST, "dead 5"]).faults(), "")
        lines = [*self.LOST, "start t job-0-0-1 5.1 5", "dead 5"]
        self.assertIn("is attempt 5, and 4 are allowed", Case(*self.EVENTS[:2], again, lines=lines).faults())

    def test_too_early(self):
        self.assertIn("where 5 are allowed", Case(*self.EVENTS, lines=self.LOST).faults(outcome.Promise(attempts=5)))

    def test_though_nobody_died(self):
        self.assertIn("0 processes have left", Case(*self.EVENTS, lines=self.LOST[:1]).faults())

    def test_though_it_never_began(self):
        self.assertIn("its handler never began", Case(*self.EVENTS, lines=["dead 1", "dead 2", "dead 3", "dead 4"]).faults())

    def test_what_was_given_up_is_a_dead_letter_and_nothing_else_is(self):
        case = Case(*self.EVENTS)
        left = database.Left(tasks={TASK: database.Row(4, 3, True)})
        self.assertIn("is no dead letter", "; ".join(database.judge(left, {TASK: case.job}, {})))
        left.dead_letters = {TASK, "u"}
        self.assertIn("task u is a dead letter, and was not", "; ".join(database.judge(left, {TASK: case.job}, {})))


class Once(unittest.TestCase):
    def test_a_handler_that_is_begun_again_though_its_process_lives(self):
        case = Case(*SOUND, lines=["start t job-0-0-1 1.1 1", "end t job-0-0-1 1.1", "start t job-0-0-1 1.2 1"])
        self.assertIn("was never taken from its process", case.faults())
        self.assertIn("had ended the turn", case.faults(outcome.Promise(once=False, attempts=4)))
        self.assertEqual(case.faults(outcome.Promise(overlaps=True, once=False, attempts=4)), "")

    def test_an_attempt_that_nobody_made(self):
        self.assertIn("is attempt 2, and 0 processes", Case(*SOUND, lines=["start t job-0-0-1 1.1 2"]).faults())

    def test_two_handlers_at_once(self):
        lines = ["start t job-0-0-1 1.1 1", "start t job-0-0-1 2.1 2"]
        self.assertIn("was still running", Case(*SOUND, lines=lines).faults())

    def test_a_process_takes_its_handlers_along_and_one_that_drains_hands_them_back(self):
        for way in ("dead 1", "stopping 1"):
            lines = ["start t job-0-0-1 1.1 1", way, "end t job-0-0-1 1.1", "start t job-0-0-1 2.1 1", "end t job-0-0-1 2.1"]
            noted = journal.Journal(lines)
            self.assertEqual(journal.judge(noted, [Case(*SOUND).job], outcome.Promise()), [])

    def test_more_handlers_in_a_process_than_it_has_slots(self):
        lines = ["start t job-0-0-1 1.1 1", "start u job-0-0-1 1.2 1"]
        self.assertIn("process 1 had 2 handlers", Case(*SOUND, lines=lines).faults(outcome.Promise(attempts=4, slots=1)))
        self.assertNotIn("process 1", Case(*SOUND, lines=lines).faults(outcome.Promise(attempts=4, slots=2)))

    def test_a_message_that_nobody_sent(self):
        case = Case(*SOUND)
        case.lines += ["start t stranger 1.2 1", "end t stranger 1.2"]
        self.assertIn("nobody has sent it", case.faults())

    def test_a_message_that_ran_for_another_task_too(self):
        case = Case(*SOUND)
        case.lines += ["start u job-0-0-1 1.2 1", "end u job-0-0-1 1.2"]
        self.assertIn("a run began for task u", case.faults())


class AsShown(unittest.TestCase):
    def view(self, *entries):
        case = Case(*SOUND)
        case.job.views = [list(entries)]
        return case.faults()

    def snapshot(self, events):
        end, artifacts = outcome.fold(list(enumerate(SOUND, 1))[:events])
        return {"task": {"id": TASK, "status": end, "artifacts": [
            {"artifactId": name, "parts": [{"text": t} for t in texts]} for name, texts in artifacts.items()]}}

    def test_a_subscriber_sees_each_event_once(self):
        log = list(enumerate(SOUND, 1))
        self.assertEqual(self.view(*log), "")
        self.assertIn("event 3 came behind 3", self.view(*log[:3], *log[2:]))
        self.assertIn("event 4 came behind 2", self.view(*log[:2], *log[3:]))

    def test_a_stream_that_begins_with_the_task_leaves_nothing_out_and_doubles_nothing(self):
        rest = list(enumerate(SOUND, 1))[3:]
        self.assertEqual(self.view((3, self.snapshot(3)), *rest), "")
        self.assertIn("not what the events", self.view((3, self.snapshot(2)), *rest))
        self.assertIn("not what the events", self.view((3, self.snapshot(4)), *rest))

    def test_the_answer_is_the_task_of_the_log(self):
        for change in (lambda task: task["artifacts"][0]["parts"].pop(), lambda task: task["history"].clear(),
                       lambda task: task["history"].append(task["history"][0])):
            case = Case(*SOUND)
            change(case.job.final)
            self.assertNotEqual(case.faults(), "")

    def test_the_list_is_complete_and_shows_what_was_answered(self):
        job = Case(*SOUND).job

        def listed(tasks, total=1):
            listing = outcome.Listing({TASK: job})
            for task in tasks:
                listing.add(task)
            return "; ".join(listing.judge(total))

        other = {**copy.deepcopy(job.final), "status": {"state": WORKING}}
        self.assertEqual(listed([job.final]), "")
        self.assertIn("the list shows", listed([other]))
        self.assertIn("does not show", listed([]))
        self.assertIn("twice", listed([job.final, job.final]))
        self.assertIn("nobody was answered it", listed([job.final, {**job.final, "id": "u"}], 2))
        self.assertIn("counts 2", listed([job.final], 2))

    def test_a_task_in_the_database_that_nobody_was_answered(self):
        left = database.Left(tasks={"u": database.Row(3, 5, True)})
        self.assertIn("nobody was answered it", "; ".join(database.judge(left, {}, {})))


class AsAnswered(unittest.IsolatedAsyncioTestCase):
    """What clients notice themselves."""

    def setUp(self):
        self.load, self.job = Load(None, 1, 1, {}), Job("blocking", "job-0-0")
        self.job.task = TASK

    def answer(self, task, state=COMPLETED):
        async def attempt(*_, **__):
            return {"task": {"id": task, "status": {"state": state}}, "status": {"state": state}}
        self.load.attempt = attempt

    async def test_two_answers_of_one_key(self):
        for task, faults in ((TASK, 0), ("u", 1)):
            self.answer(task)
            await self.load.send_once(self.job, {"message": {"messageId": MESSAGE}})
            self.assertEqual(len(self.load.faults), faults)

    async def test_a_refusal_for_an_end_that_was_none(self):
        for state, faults in ((COMPLETED, 0), (WORKING, 1)):
            self.answer(TASK, state)
            await self.load.has_ended(self.job, "no")
            self.assertEqual(len(self.load.faults), faults)

    def test_a_resumed_stream_that_begins_anew_or_with_another_task(self):
        self.load.first_of_a_stream(self.job, {"id": TASK}, {})
        self.assertEqual(self.load.faults, [])
        self.load.first_of_a_stream(self.job, {"id": TASK}, {"Last-Event-ID": "3"})
        self.load.first_of_a_stream(self.job, {"id": "u"}, {})
        self.assertEqual(len(self.load.faults), 2)


class Queues(unittest.IsolatedAsyncioTestCase):
    async def test_an_entry_that_is_left_is_a_fault_of_its_engine(self):
        import cluster

        async def terminate():
            return 0

        nodes = cluster.Cluster.__new__(cluster.Cluster)
        nodes.args = types.SimpleNamespace(settle=0)
        nodes.nodes = [types.SimpleNamespace(server=types.SimpleNamespace(terminate=terminate))]
        nodes.mix = [types.SimpleNamespace(waiting=lambda name: 0), types.SimpleNamespace(waiting=lambda name: 17)]
        faults = await nodes.stop()
        self.assertEqual(len(faults), 1)
        self.assertIn("17 entries are left", faults[0])


if __name__ == "__main__":
    unittest.main()
