"""The case of bench/run that has two loops share one memory engine, beside one loop on one core."""
import statistics


class LoopCases:
    LOOP_CASES = ["two_loops"]

    def two_loops(self):
        """Tasks a second. The load runs on the same cores beside both: on those that are left, or else on the two, where
        one loop leaves it a core of its own and two loops do not."""
        cores = [str(core) for core in self.all_cores]
        if len(cores) < 2:
            raise SystemExit("bench: two_loops needs two cores")
        pair, left = ",".join(cores[:2]), ",".join(cores[2:])
        request, runs = self.send("echo " + "x" * 295), {1: [], 2: []}
        with self.agent(cores=cores[0], A2AKIT_THREADS="1") as one, self.agent(cores=pair, A2AKIT_THREADS="2") as two:
            for agent in (one, two):
                self.load(agent, request, 20_000, connections=64, cores=left or pair)
            for _ in range(self.rounds):
                for loops, agent in ((1, one), (2, two)):
                    runs[loops].append(self.load(agent, request, 60_000, connections=64, cores=left or pair))
        self.report_runs("two_loops_beside_one", "tasks/s", [run["rps"] for run in runs[2]],
                         [run["rps"] for run in runs[1]], 1.6, lower_is_better=False)
        used = {loops: statistics.median(run["cpu_us"] for run in runs[loops]) for loops in runs}
        load = statistics.median(run["load_us"] for run in runs[2])
        self.remark(f"CPU us/task: one loop {used[1]:.1f}, two {used[2]:.1f}, the load {load:.1f}; on two cores of their own "
                    f"two loops would reach {2 * used[1] / used[2]:.2f}")
        if not left:
            # One loop fills its core while the load has the other one; two loops and the load share both.
            most = 2 * max(used[1], load) / (used[2] + load)
            self.remark(f"beside a load that takes as much of the same two cores, no server gets above {most:.2f}")
