#!/usr/bin/env python3
"""Runs an agent under load, kills it with SIGKILL at random moments, starts it again on the same data, and judges what
became of everything that clients were promised. Links nothing of a2akit.

Exit status: 0 when nothing is wrong, 1 with the list of faults.
"""
import argparse
import asyncio
import pathlib
import random
import shutil
import sys
import tempfile
import time

import database
import oracle
from a2a_client import Lost, Refused, call
from load import Load, read_log
from server import Server


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often the server is killed (default 50; 0: never)")
    parser.add_argument("--seed", type=int, help="repeats the random choices of a former run; printed by each")
    parser.add_argument("--minutes", type=float, help="stop after so long, however many kills there were")
    parser.add_argument("--backend", choices=["sqlite", "sqlite-normal", "mixed", "memory"], default="sqlite",
                        help="sqlite: everything in one file (default); sqlite-normal: synchronous=NORMAL; mixed: storage in "
                             "SQLite, broker and the rest in memory; memory: nothing is kept, so only with --kills 0")
    parser.add_argument("--clients", type=int, default=16, help="jobs at once (default 16)")
    parser.add_argument("--seconds", type=float, default=5, help="how long the load lasts with --kills 0 (default 5)")
    parser.add_argument("--stops", action="store_true",
                        help="also stops the process for longer than its leases; handlers may overlap then")
    parser.add_argument("--without", default="", help="fencing, sweeps, tails or renewals, separated by commas: what the agent "
                                                      "does without, to see whether the oracle notices")
    parser.add_argument("--lose-hints", type=float, default=0, help="how many broker entries get lost, from 0 to 1")
    parser.add_argument("--lose-wakes", type=float, default=0, help="how many wake-ups get lost, from 0 to 1")
    parser.add_argument("--settle", type=float, default=60, help="seconds in which every task has to end (default 60)")
    parser.add_argument("--slow", type=int, default=1, help="multiplies the handlers' delays (default 1)")
    parser.add_argument("--program", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=pathlib.Path, help="where data, log and journal go (default: a temporary one, "
                                                               "which is kept only when something is wrong)")
    return parser.parse_args()


def environment_of(args, directory):
    url = f"sqlite:{directory / 'data' / 'a2akit.db'}"
    environment = {}
    if args.backend in ("sqlite", "sqlite-normal"):
        environment = dict.fromkeys(["A2AKIT_STORAGE", "A2AKIT_BROKER", "A2AKIT_EVENT_BUS", "A2AKIT_CANCEL_REGISTRY"], url)
    elif args.backend == "mixed":
        environment = {"A2AKIT_STORAGE": url}
    if args.backend == "sqlite-normal":
        environment["A2AKIT_SQLITE_SYNCHRONOUS"] = "normal"
    if args.backend != "memory":
        environment["A2AKIT_MAX_STORED_TASKS"] = "0"
    if args.stops or "renewals" in args.without:
        environment["A2AKIT_LEASE"] = "0.5"
    return environment


async def torment(server, args, rng):
    """Kills and restarts until there were enough kills."""
    end = time.monotonic() + args.minutes * 60 if args.minutes else None
    while server.kills < args.kills and not (end and time.monotonic() > end):
        # Mostly in the thick of it, sometimes right after it is up.
        await asyncio.sleep(rng.choice([rng.uniform(0, 0.05), rng.uniform(0.05, 0.6), rng.expovariate(1)]))
        if args.stops and rng.random() < 0.5:
            await server.freeze(rng.uniform(0.5, 1.5))
            await asyncio.sleep(rng.uniform(0, 0.5))
        await server.kill()
        while rng.random() < 0.1 and server.kills < args.kills:
            await server.start(kill_after=rng.uniform(0, 0.05))
        await server.start()
        if server.kills % 50 == 0:
            print(f"{server.kills} kills", flush=True)


async def logs_of(server, jobs, faults):
    logs = {}
    for job in jobs:
        if job.task is None:
            continue
        try:
            if job.ended:
                logs[job.name] = await asyncio.wait_for(read_log(server.port, job.task), 10)
            else:
                await call(server.port, "GetTask", {"id": job.task})
        except (Lost, Refused, asyncio.TimeoutError) as e:
            faults.append(f"{job.name}: its task {job.task} was answered, and now: {e!r}")
    return logs


async def every_task(server):
    tasks, token = [], ""
    while True:
        page = await call(server.port, "ListTasks", {"pageSize": 100, "pageToken": token, "historyLength": 100})
        for task in page["tasks"]:
            tasks.append((task["id"], [m["messageId"] for m in task.get("history", []) if m["role"] == "ROLE_USER"]))
        token = page.get("nextPageToken", "")
        if not token:
            return tasks


async def run(args, directory):
    rng = random.Random(args.seed)
    given = ["--without", args.without] if args.without else []
    if args.lose_hints:
        given += ["--lose-hints", str(args.lose_hints)]
    if "renewals" in args.without:
        # Another node takes the runs over; within one process the broker would wait for the handler.
        given += ["--nodes", "2"]
    if args.lose_wakes:
        given += ["--lose-wakes", str(args.lose_wakes)]
    (directory / "data").mkdir(exist_ok=True)
    server = Server(args.program, directory, given, environment_of(args, directory))
    load = Load(server, args.seed + 1, args.clients, {"slow": args.slow})
    faults = load.faults
    try:
        await server.start()
        clients = asyncio.create_task(load.run())
        if args.kills:
            await torment(server, args, rng)
        else:
            await asyncio.sleep(args.seconds)
        load.stopping = True
        done, _ = await asyncio.wait([clients], timeout=args.settle)
        for task in done:
            task.result()
        clients.cancel()
        await asyncio.gather(clients, return_exceptions=True)
        for job in load.jobs:
            if not job.ended and not any(job.name + " " in fault for fault in faults):
                faults.append(f"{job.name} ({job.kind}, task {job.task}) had not ended after {args.settle:g} s of rest; "
                              f"it was {job.doing}, and was answered {job.answered[-3:]}")
        logs = await logs_of(server, load.jobs, faults)
        for job in load.jobs:
            if job.ended and job.name in logs:
                faults += oracle.judge_job(job, logs[job.name])
        faults += oracle.judge_once(await every_task(server))
        status = await server.terminate()
        if status != 0:
            faults.append(f"the drain at the end exited with {status}")
        found, handlers, repeated = oracle.judge_journal(server.journal.read_text().splitlines(),
                                                         args.stops or "renewals" in args.without)
        faults += found
        tasks = "nothing"
        if args.backend != "memory":
            found, tasks = database.judge(directory / "data" / "a2akit.db", {j.task: j for j in load.jobs if j.task}, logs)
            faults += found
    finally:
        server.end()
    events = sum(map(len, logs.values()))
    print(f"kills={server.kills} starts={server.starts} stops={server.stops} jobs={len(load.jobs)} tasks_in_database={tasks} "
          f"events={events} handlers={handlers} of_them_repeated={repeated} requests_repeated={load.repeats} "
          f"streams_resumed={load.resumed} streams_cut_by_clients={load.cut} slowest_start={server.slowest_start:.3f}s",
          flush=True)
    return faults


def main():
    args = arguments()
    if args.backend == "memory" and args.kills:
        raise SystemExit("chaos: memory forgets everything when it is killed: use --kills 0 with it")
    args.seed = random.SystemRandom().randrange(2**32) if args.seed is None else args.seed
    print(f"seed={args.seed} backend={args.backend} kills={args.kills} clients={args.clients}"
          + (f" without={args.without}" if args.without else ""), flush=True)
    directory = args.directory or pathlib.Path(tempfile.mkdtemp(prefix="a2akit-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    faults = asyncio.run(run(args, directory))
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
