#!/usr/bin/env python3
"""Runs an agent under load, kills it with SIGKILL at random moments, starts it again on the same data, and judges what
became of everything that clients were promised. On PostgreSQL it does so with several nodes, which are also stopped, cut off
and robbed of answers, while their engines are restarted. Links nothing of a2akit.

Exit status: 0 when nothing is wrong, 1 with the list of faults, 77 when a server that it needs is not installed.
"""
import argparse
import asyncio
import pathlib
import random
import shutil
import sys
import tempfile

import cluster
import database
import journal
import oracle
import outcome
from a2a_client import Lost, Refused, call
from load import Load, read_log
from one_node import OneNode
from server import Ended


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often the server is killed (default 50; 0: never)")
    parser.add_argument("--seed", type=int, help="repeats the random choices of a former run; printed by each")
    parser.add_argument("--minutes", type=float, help="stop after so long, however many kills there were")
    parser.add_argument("--backend", choices=["sqlite", "sqlite-normal", "mixed", "memory", *cluster.engines.MIXES],
                        default="sqlite",
                        help="sqlite: everything in one file (default); sqlite-normal: synchronous=NORMAL; mixed: storage in "
                             "SQLite, broker and the rest in memory; memory: nothing is kept, so only with --kills 0; "
                             "postgres: many nodes on a PostgreSQL of the test's own")
    parser.add_argument("--nodes", type=int, default=3, help="how many processes share a PostgreSQL (default 3)")
    parser.add_argument("--torments", default=",".join(cluster.TORMENTS),
                        help="what is done to many nodes: some of %(default)s, or nothing")
    parser.add_argument("--clients", type=int, default=16, help="jobs at once (default 16)")
    parser.add_argument("--seconds", type=float, default=5, help="how long the load lasts with --kills 0 (default 5)")
    parser.add_argument("--stops", action="store_true",
                        help="also stops the process for longer than its leases; handlers may overlap then")
    parser.add_argument("--without", default="", help="fencing, sweeps, tails, renewals, repeats, keys, acks or handlers, "
                                                      "separated by commas: what the agent does without, to see whether the "
                                                      "oracle notices")
    parser.add_argument("--lose-hints", type=float, default=0, help="how many broker entries get lost, from 0 to 1")
    parser.add_argument("--lose-wakes", type=float, default=0, help="how many wake-ups get lost, from 0 to 1")
    parser.add_argument("--settle", type=float, default=60, help="seconds in which every task has to end (default 60)")
    parser.add_argument("--slow", type=int, default=1, help="multiplies the handlers' delays (default 1)")
    parser.add_argument("--slots", type=int, help="how many handlers a process runs at once, and then some of them take longer "
                                                  "than a lease (0: as many as there are; default: by the seed)")
    parser.add_argument("--lease", type=float, help="how long a run is its node's without a sign of life, in seconds (default: by "
                                                    "what is done to the nodes)")
    parser.add_argument("--retries", type=int, help="after how many further runs a turn is given up (default: by the seed)")
    parser.add_argument("--program", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=pathlib.Path, help="where data, log and journal go (default: a temporary one, "
                                                               "which is kept only when something is wrong)")
    return parser.parse_args()


async def judge_logs(load, faults, lines, promise):
    """Judges each job by the log of its task; by job, how many events there are. A log is kept only while it is judged."""
    lengths, jobs = {}, iter([job for job in load.jobs if job.task is not None])
    noted = journal.Journal(lines)

    async def judge_some():
        for job in jobs:
            try:
                if not job.ended:
                    await call(load.server.port, "GetTask", {"id": job.task})
                    continue
                log = await asyncio.wait_for(read_log(load.server.port, job.task), 10)
            except (Lost, Refused, asyncio.TimeoutError) as e:
                faults.append(f"{job.name}: its task {job.task} was answered, and now: {e!r}")
                continue
            faults.extend(oracle.judge_job(job, log, noted, promise))
            lengths[job.name] = len(log)

    await asyncio.gather(*(judge_some() for _ in range(8)))
    return lengths


async def judge_list(nodes, jobs):
    listing, messages, token = outcome.Listing(jobs), [], ""
    while True:
        page = await call(nodes.port, "ListTasks", {"pageSize": 100, "pageToken": token, "historyLength": 100,
                                                    "includeArtifacts": True})
        for task in page["tasks"]:
            listing.add(task)
            messages.append((task["id"], [m["messageId"] for m in task.get("history", []) if m["role"] == "ROLE_USER"]))
        token = page.get("nextPageToken", "")
        if not token:
            return listing.judge(page["totalSize"]) + oracle.judge_once(messages)


def nodes_for(args, directory):
    given = ["--without", args.without] if args.without else []
    for option, share in (("--lose-hints", args.lose_hints), ("--lose-wakes", args.lose_wakes)):
        given += [option, str(share)] if share else []
    return (cluster.Cluster if args.backend in cluster.engines.MIXES else OneNode)(args, directory, given)


async def put_under_load(nodes, load, settle):
    """Load and torment, then rest; whoever has not come to an end by then is at fault."""
    await nodes.start()
    clients = asyncio.create_task(load.run())
    await nodes.torment()
    load.stopping = True
    done, _ = await asyncio.wait([clients], timeout=settle)
    for task in done:
        task.result()
    clients.cancel()
    await asyncio.gather(clients, return_exceptions=True)
    return [f"{job.name} ({job.kind}, task {job.task}) had not ended after {settle:g} s of rest; it was {job.doing}, and was "
            f"answered {job.answered[-3:]}"
            for job in load.jobs if not job.ended and not any(job.name + " " in fault for fault in load.faults)]


async def run(args, directory):
    nodes = nodes_for(args, directory)
    load = Load(nodes, args.seed + 1, args.clients, {"slow": args.slow, "slots": args.slots, "lease": nodes.lease})
    promise = outcome.Promise(nodes.overlaps, nodes.once, args.retries + 1, args.slots, nodes.quiet)
    try:
        late = await put_under_load(nodes, load, args.settle)
        faults = load.faults + late
        if promise.quiet and load.repeats + load.turned_away:
            faults.append(f"{load.repeats} answers got lost and {load.turned_away} requests were turned away, by servers at peace")
        jobs = {j.task: j for j in load.jobs if j.task}
        events = await judge_logs(load, faults, nodes.journal.read_text().splitlines(), promise)
        faults += await judge_list(nodes, jobs)
        faults += await nodes.stop()
        noted = journal.Journal(nodes.journal.read_text().splitlines())
        faults += journal.judge(noted, load.jobs, promise)
        left = nodes.left()
        if left:
            faults += database.judge(left, jobs, events)
    finally:
        await nodes.end()
    print(f"{nodes.summary()} jobs={len(load.jobs)} tasks_in_database={len(left.tasks) if left else 'nothing'} "
          f"events={sum(events.values())} handlers={len(noted.runs)} of_them_repeated={noted.repeated} "
          f"dead_letters={len(left.dead_letters) if left else 0} "
          f"requests_repeated={load.repeats} streams_resumed={load.resumed} streams_cut_by_clients={load.cut}", flush=True)
    return faults


def choose_limits(args):
    """In a part of the runs turns queue for slots, and in a part of them they are given up."""
    rng = random.Random(args.seed + 7)
    slots, retries = rng.choice([0, 0, rng.randint(1, max(1, args.clients // 4))]), rng.choice([100, 100, 3])
    args.slots = slots if args.slots is None else args.slots
    args.retries = retries if args.retries is None else args.retries


def main():
    args = arguments()
    if args.backend == "memory" and args.kills:
        raise SystemExit("chaos: memory forgets everything when it is killed: use --kills 0 with it")
    args.seed = random.SystemRandom().randrange(2**32) if args.seed is None else args.seed
    choose_limits(args)
    print(f"seed={args.seed} backend={args.backend} kills={args.kills} clients={args.clients} slots={args.slots or 'enough'} "
          f"retries={args.retries}"
          + (f" without={args.without}" if args.without else ""), flush=True)
    directory = args.directory or pathlib.Path(tempfile.mkdtemp(prefix="a2akit-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    try:
        faults = asyncio.run(run(args, directory))
    except Ended as e:
        faults = [str(e)]
    for fault in faults[:50]:
        print("FAULT:", fault)
    if faults:
        print(f"{len(faults)} faults; --seed {args.seed} repeats the choices, data and logs are in {directory}")
        sys.exit(1)
    if not args.directory:
        shutil.rmtree(directory)
    print("nothing that was answered was lost, doubled or taken back")


if __name__ == "__main__":
    main()
