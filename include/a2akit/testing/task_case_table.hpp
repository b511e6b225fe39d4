#pragma once

#include <string_view>

namespace a2akit::testing {

/// The rules of a task, as cases: a situation, then a line for each thing that is done in it,
///
///     operation | answer | state | sweeps
///
/// with the words of task_cases.hpp. The state is "WORKING r2 l3 t1 e1": the task's revision, last
/// event, newest turn and epoch after the operation; then "ended" for a turn that has, "live" for a
/// run whose lease is not over, "hidden" for an unrevealed task, and in how many seconds a pending
/// cancel is forced. The sweeps are those of the next 15 seconds, the length of a lease, that find
/// something: "T0@1" is a turn without a run (X: an expired run, C: an overdue cancel), claimed
/// 0 times so far, found one second after the operation.
inline constexpr std::string_view kTaskCaseTable = R"(
made without a turn
  nothing | ok | WORKING r1 l1 t0 e0 |
  run completes | LEASE_LOST | WORKING r1 l1 t0 e0 |
  run pauses | LEASE_LOST | WORKING r1 l1 t0 e0 |
  run writes a chunk | LEASE_LOST | WORKING r1 l1 t0 e0 |
  another run writes | LEASE_LOST | WORKING r1 l1 t0 e0 |
  forced end | ok | FAILED r2 l2 t0 e1 ended |
  forced end, letter | ok, too often | FAILED r2 l2 t0 e1 ended |
  epoch is raised | ok | WORKING r2 l1 t0 e1 |
  cancel in 3 s | ok | CANCELED r2 l2 t0 e0 ended |
  end unless running | ok | CANCELED r2 l2 t0 e0 ended |
  message | ok due | SUBMITTED r2 l2 t1 e0 | T0@1 T0@3 T0@7 T0@15
  late message | REVISION_CONFLICT | WORKING r1 l1 t0 e0 |
  status by anyone | ok | WORKING r2 l2 t0 e0 |
  claim | stale | WORKING r1 l1 t0 e0 |
  claim of the turn after | stale | WORKING r1 l1 t0 e0 |
  same claim again | stale | WORKING r1 l1 t0 e0 |
  release, done | none | WORKING r1 l1 t0 e0 |
  release, hand back | none | WORKING r1 l1 t0 e0 |
  release, retry in 2 s | none | WORKING r1 l1 t0 e0 |
  renew | ok | WORKING r1 l1 t0 e0 |

made, and has ended
  nothing | ok | FAILED r1 l1 t0 e0 ended |
  run completes | TASK_TERMINAL | FAILED r1 l1 t0 e0 ended |
  forced end | TASK_TERMINAL | FAILED r1 l1 t0 e0 ended |
  cancel in 3 s | TASK_TERMINAL | FAILED r1 l1 t0 e0 ended |
  end unless running | TASK_TERMINAL | FAILED r1 l1 t0 e0 ended |
  message | TASK_TERMINAL | FAILED r1 l1 t0 e0 ended |
  last append again | again | FAILED r1 l1 t0 e0 ended |
  claim | ended | FAILED r1 l1 t0 e0 ended |
  release, done | none | FAILED r1 l1 t0 e0 ended |

submitted
  nothing | ok | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  run completes | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  run pauses | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  run writes a chunk | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  run replies | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  run reveals | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  another run writes | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  forced end | ok | FAILED r2 l2 t1 e1 ended |
  late forced end | LEASE_LOST | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  forced end, letter | ok, too often | FAILED r2 l2 t1 e1 ended |
  epoch is raised | ok | SUBMITTED r2 l1 t1 e1 | T0@1 T0@3 T0@7 T0@15
  cancel in 3 s | ok | CANCELED r2 l2 t1 e0 ended |
  end unless running | ok | CANCELED r2 l2 t1 e0 ended |
  message | UNSUPPORTED_OPERATION | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  late message | REVISION_CONFLICT | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  status by anyone | ok | WORKING r2 l2 t1 e0 | T0@1 T0@3 T0@7 T0@15
  last append again | again | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  claim | run 1, attempt 1 | WORKING r2 l2 t1 e1 live | X1@15
  claim of the turn after | stale | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  same claim again | run 1, attempt 1 | WORKING r2 l2 t1 e1 live | X1@15
  release, done | turn 1 | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  release, hand back | turn 1 | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15
  renew | ok | SUBMITTED r1 l1 t1 e0 | T0@1 T0@3 T0@7 T0@15

hidden
  nothing | ok | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  run completes | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  run pauses | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  run writes a chunk | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  run replies | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  run reveals | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  another run writes | LEASE_LOST | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  forced end | ok | FAILED r2 l2 t1 e1 ended hidden |
  epoch is raised | ok | SUBMITTED r2 l1 t1 e1 hidden | T0@1 T0@3 T0@7 T0@15
  cancel in 3 s | ok | CANCELED r2 l2 t1 e0 ended hidden |
  end unless running | ok | CANCELED r2 l2 t1 e0 ended hidden |
  message | UNSUPPORTED_OPERATION | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  status by anyone | ok | WORKING r2 l2 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  claim | run 1, attempt 1 | WORKING r2 l2 t1 e1 live hidden | X1@15
  same claim again | run 1, attempt 1 | WORKING r2 l2 t1 e1 live hidden | X1@15
  release, done | turn 1 | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  release, hand back | turn 1 | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15
  renew | ok | SUBMITTED r1 l1 t1 e0 hidden | T0@1 T0@3 T0@7 T0@15

running
  nothing | ok | WORKING r2 l2 t1 e1 live | X1@14.9
  run completes | ok | COMPLETED r3 l3 t1 e1 ended |
  run pauses | ok | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  run writes a chunk | ok | WORKING r3 l3 t1 e1 live | X1@14.9
  run saves a checkpoint | ok | WORKING r3 l2 t1 e1 live | X1@14.9
  run replies | REVEALED | WORKING r2 l2 t1 e1 live | X1@14.9
  run reveals | ok | WORKING r3 l2 t1 e1 live | X1@14.9
  another run writes | LEASE_LOST | WORKING r2 l2 t1 e1 live | X1@14.9
  forced end | ok | FAILED r3 l3 t1 e2 ended |
  late forced end | LEASE_LOST | WORKING r2 l2 t1 e1 live | X1@14.9
  forced end, letter | ok, too often | FAILED r3 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r3 l2 t1 e2 | T1@1 T1@3 T1@7 T1@15
  cancel in 3 s | ok | WORKING r3 l2 t1 e1 live cancel 3 | C1@3 C1@7 C1@14.9 X1@14.9
  cancel in 1 s | ok | WORKING r3 l2 t1 e1 live cancel 1 | C1@1 C1@3 C1@7 C1@14.9 X1@14.9
  end unless running | LIVE_RUN | WORKING r2 l2 t1 e1 live | X1@14.9
  message | UNSUPPORTED_OPERATION | WORKING r2 l2 t1 e1 live | X1@14.9
  late message | REVISION_CONFLICT | WORKING r2 l2 t1 e1 live | X1@14.9
  status by anyone | ok | WORKING r3 l3 t1 e1 live | X1@14.9
  last append again | again | WORKING r2 l2 t1 e1 live | X1@14.9
  claim | duplicate | WORKING r2 l2 t1 e1 live | X1@14.9
  claim of the turn before | stale | WORKING r2 l2 t1 e1 live | X1@14.9
  claim of the turn after | stale | WORKING r2 l2 t1 e1 live | X1@14.9
  same claim again | again run 1, attempt 1 | WORKING r2 l2 t1 e1 live | X1@14.9
  release, done | turn 1 | WORKING r2 l2 t1 e1 | T1@1 T1@3 T1@7 T1@15
  release, hand back | turn 1 | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | WORKING r2 l2 t1 e1 | T1@3 T1@7 T1@14.9
  release of another run | none | WORKING r2 l2 t1 e1 live | X1@14.9
  renew | ok | WORKING r2 l2 t1 e1 live | X1@15

hidden and running
  nothing | ok | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  run completes | ok | COMPLETED r3 l3 t1 e1 ended hidden |
  run pauses | ok | INPUT_REQUIRED r3 l3 t1 e1 ended live hidden |
  run writes a chunk | ok | WORKING r3 l3 t1 e1 live hidden | X1@14.9
  run replies | ok | COMPLETED r3 l3 t1 e1 ended hidden |
  run reveals | ok | WORKING r3 l2 t1 e1 live | X1@14.9
  another run writes | LEASE_LOST | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  forced end | ok | FAILED r3 l3 t1 e2 ended hidden |
  forced end, letter | ok, too often | FAILED r3 l3 t1 e2 ended hidden |
  epoch is raised | ok | WORKING r3 l2 t1 e2 hidden | T1@1 T1@3 T1@7 T1@15
  cancel in 3 s | ok | WORKING r3 l2 t1 e1 live hidden cancel 3 | C1@3 C1@7 C1@14.9 X1@14.9
  end unless running | LIVE_RUN | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  message | UNSUPPORTED_OPERATION | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  last append again | again | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  claim | duplicate | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  same claim again | again run 1, attempt 1 | WORKING r2 l2 t1 e1 live hidden | X1@14.9
  release, done | turn 1 | WORKING r2 l2 t1 e1 hidden | T1@1 T1@3 T1@7 T1@15
  release, hand back | turn 1 | WORKING r2 l2 t1 e1 hidden | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | WORKING r2 l2 t1 e1 hidden | T1@3 T1@7 T1@14.9
  renew | ok | WORKING r2 l2 t1 e1 live hidden | X1@15

running, its lease over
  nothing | ok | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  run completes | ok | COMPLETED r3 l3 t1 e1 ended |
  run pauses | ok | INPUT_REQUIRED r3 l3 t1 e1 ended |
  run writes a chunk | ok | WORKING r3 l3 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  run replies | REVEALED | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  another run writes | LEASE_LOST | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  forced end | ok | FAILED r3 l3 t1 e2 ended |
  forced end, letter | ok, too often | FAILED r3 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r3 l2 t1 e2 | T1@1 T1@3 T1@7 T1@15
  cancel in 3 s | ok | CANCELED r3 l3 t1 e1 ended |
  cancel in 1 s | ok | CANCELED r3 l3 t1 e1 ended |
  end unless running | ok | CANCELED r3 l3 t1 e1 ended |
  message | UNSUPPORTED_OPERATION | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  status by anyone | ok | WORKING r3 l3 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  claim | run 2, attempt 2 | WORKING r3 l2 t1 e2 live | X2@15
  same claim again | again run 1, attempt 1 | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  release, done | turn 1 | WORKING r2 l2 t1 e1 | T1@1 T1@3 T1@7 T1@15
  release, hand back | turn 1 | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | WORKING r2 l2 t1 e1 | T1@3 T1@7 T1@14.9
  release of another run | none | WORKING r2 l2 t1 e1 | X1@0 X1@1 X1@3 X1@7 X1@15
  renew | ok | WORKING r2 l2 t1 e1 live | X1@15

taken over
  nothing | ok | WORKING r3 l2 t1 e2 live | X2@14.9
  run completes | ok | COMPLETED r4 l3 t1 e2 ended |
  run pauses | ok | INPUT_REQUIRED r4 l3 t1 e2 ended live |
  run writes a chunk | ok | WORKING r4 l3 t1 e2 live | X2@14.9
  another run writes | LEASE_LOST | WORKING r3 l2 t1 e2 live | X2@14.9
  forced end | ok | FAILED r4 l3 t1 e3 ended |
  late forced end | LEASE_LOST | WORKING r3 l2 t1 e2 live | X2@14.9
  epoch is raised | ok | WORKING r4 l2 t1 e3 | T2@1 T2@3 T2@7 T2@15
  cancel in 3 s | ok | WORKING r4 l2 t1 e2 live cancel 3 | C2@3 C2@7 C2@14.9 X2@14.9
  end unless running | LIVE_RUN | WORKING r3 l2 t1 e2 live | X2@14.9
  message | UNSUPPORTED_OPERATION | WORKING r3 l2 t1 e2 live | X2@14.9
  last append again | again | WORKING r3 l2 t1 e2 live | X2@14.9
  claim | duplicate | WORKING r3 l2 t1 e2 live | X2@14.9
  same claim again | again run 2, attempt 2 | WORKING r3 l2 t1 e2 live | X2@14.9
  release, done | turn 1 | WORKING r3 l2 t1 e2 | T2@1 T2@3 T2@7 T2@15
  release, hand back | turn 1 | WORKING r3 l2 t1 e2 | T1@1 T1@3 T1@7 T1@15
  release, retry in 2 s | turn 1 | WORKING r3 l2 t1 e2 | T2@3 T2@7 T2@14.9
  release of another run | none | WORKING r3 l2 t1 e2 live | X2@14.9
  renew | ok | WORKING r3 l2 t1 e2 live | X2@15

handed back
  nothing | ok | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  run completes | LEASE_LOST | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  run pauses | LEASE_LOST | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  run writes a chunk | LEASE_LOST | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  another run writes | LEASE_LOST | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  forced end | ok | FAILED r3 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r3 l2 t1 e2 | T0@1 T0@3 T0@7 T0@15
  cancel in 3 s | ok | CANCELED r3 l3 t1 e1 ended |
  end unless running | ok | CANCELED r3 l3 t1 e1 ended |
  message | UNSUPPORTED_OPERATION | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  claim | run 2, attempt 1 | WORKING r3 l2 t1 e2 live | X1@15
  same claim again | run 2, attempt 1 | WORKING r3 l2 t1 e2 live | X1@15
  release, done | turn 1 | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  release, hand back | turn 1 | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 1 | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15
  renew | ok | WORKING r2 l2 t1 e1 | T0@1 T0@3 T0@7 T0@15

to be tried again later
  nothing | ok | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  run completes | LEASE_LOST | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  run pauses | LEASE_LOST | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  run writes a chunk | LEASE_LOST | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  another run writes | LEASE_LOST | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  forced end | ok | FAILED r3 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r3 l2 t1 e2 | T1@1 T1@3 T1@7 T1@15
  cancel in 3 s | ok | CANCELED r3 l3 t1 e1 ended |
  end unless running | ok | CANCELED r3 l3 t1 e1 ended |
  message | UNSUPPORTED_OPERATION | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  claim | run 2, attempt 2 | WORKING r3 l2 t1 e2 live | X2@15
  same claim again | run 2, attempt 2 | WORKING r3 l2 t1 e2 live | X2@15
  release, done | turn 1 | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  release, hand back | turn 1 | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  release, retry in 2 s | turn 1 | WORKING r2 l2 t1 e1 | T1@7 T1@14.9
  renew | ok | WORKING r2 l2 t1 e1 | T1@7 T1@14.9

cancel pending
  nothing | ok | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  run completes | ok | COMPLETED r4 l3 t1 e1 ended |
  run pauses | ok | INPUT_REQUIRED r4 l3 t1 e1 ended live cancel 1.8 | C1@3 C1@7 C1@14.9
  run writes a chunk | ok | WORKING r4 l3 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  another run writes | LEASE_LOST | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  forced end | ok | FAILED r4 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r4 l2 t1 e2 cancel 1.8 | T1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@15
  cancel in 3 s | ok | WORKING r4 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  cancel in 1 s | ok | WORKING r4 l2 t1 e1 live cancel 1 | C1@1 C1@3 C1@7 C1@14.9 X1@14.9
  end unless running | LIVE_RUN | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  message | UNSUPPORTED_OPERATION | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  status by anyone | ok | WORKING r4 l3 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  last append again | again | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  claim | duplicate | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  same claim again | again run 1, attempt 1 | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  release, done | turn 1 | WORKING r3 l2 t1 e1 cancel 1.8 | C1@0 C1@1 T1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@15
  release, hand back | turn 1 | WORKING r3 l2 t1 e1 cancel 1.8 | C0@0 C0@1 T0@1 C0@3 T0@3 C0@7 T0@7 C0@14.9 T0@15
  release, retry in 2 s | turn 1 | WORKING r3 l2 t1 e1 cancel 1.8 | C1@0 C1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@14.9
  release of another run | none | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@14.9
  renew | ok | WORKING r3 l2 t1 e1 live cancel 1.8 | C1@3 C1@7 C1@14.9 X1@15

cancel pending, its lease over
  nothing | ok | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  run completes | ok | COMPLETED r4 l3 t1 e1 ended |
  run pauses | ok | INPUT_REQUIRED r4 l3 t1 e1 ended cancel -13.1 | C1@0 C1@1 C1@3 C1@7 C1@14.9
  run writes a chunk | ok | WORKING r4 l3 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  another run writes | LEASE_LOST | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  forced end | ok | FAILED r4 l3 t1 e2 ended |
  epoch is raised | ok | WORKING r4 l2 t1 e2 cancel -13.1 | C1@0 C1@1 T1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@15
  cancel in 3 s | ok | CANCELED r4 l3 t1 e1 ended |
  cancel in 1 s | ok | CANCELED r4 l3 t1 e1 ended |
  end unless running | ok | CANCELED r4 l3 t1 e1 ended |
  message | UNSUPPORTED_OPERATION | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  last append again | again | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  claim | run 2, attempt 2 | WORKING r4 l2 t1 e2 live cancel -13.1 | C2@0 C2@1 C2@3 C2@7 C2@14.9 X2@15
  same claim again | again run 1, attempt 1 | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 X1@0 C1@1 X1@1 C1@3 X1@3 C1@7 X1@7 C1@14.9 X1@15
  release, done | turn 1 | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 C1@1 T1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@15
  release, hand back | turn 1 | WORKING r3 l2 t1 e1 cancel -13.1 | C0@0 C0@1 T0@1 C0@3 T0@3 C0@7 T0@7 C0@14.9 T0@15
  release, retry in 2 s | turn 1 | WORKING r3 l2 t1 e1 cancel -13.1 | C1@0 C1@1 C1@3 T1@3 C1@7 T1@7 C1@14.9 T1@14.9
  renew | ok | WORKING r3 l2 t1 e1 live cancel -13.1 | C1@0 C1@1 C1@3 C1@7 C1@14.9 X1@15

paused, its handler there
  nothing | ok | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  run completes | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  run pauses | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  run writes a chunk | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  another run writes | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  forced end | ok | FAILED r4 l4 t1 e2 ended |
  epoch is raised | ok | INPUT_REQUIRED r4 l3 t1 e2 ended |
  cancel in 3 s | ok | CANCELED r4 l4 t1 e1 ended |
  end unless running | LIVE_RUN | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  message | ok not due | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  late message | REVISION_CONFLICT | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  status by anyone | ok | WORKING r4 l4 t1 e1 ended live |
  last append again | again | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  claim | stale | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  claim of the turn after | stale | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  same claim again | stale | INPUT_REQUIRED r3 l3 t1 e1 ended live |
  release, done | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  release, hand back | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  release, retry in 2 s | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  renew | ok | INPUT_REQUIRED r3 l3 t1 e1 ended live |

paused, its lease over
  nothing | ok | AUTH_REQUIRED r3 l3 t1 e1 ended |
  run completes | LEASE_LOST | AUTH_REQUIRED r3 l3 t1 e1 ended |
  run pauses | LEASE_LOST | AUTH_REQUIRED r3 l3 t1 e1 ended |
  run writes a chunk | LEASE_LOST | AUTH_REQUIRED r3 l3 t1 e1 ended |
  another run writes | LEASE_LOST | AUTH_REQUIRED r3 l3 t1 e1 ended |
  forced end | ok | FAILED r4 l4 t1 e2 ended |
  epoch is raised | ok | AUTH_REQUIRED r4 l3 t1 e2 ended |
  cancel in 3 s | ok | CANCELED r4 l4 t1 e1 ended |
  end unless running | ok | CANCELED r4 l4 t1 e1 ended |
  message | ok due | SUBMITTED r4 l4 t2 e1 | T0@0 T0@3 T0@7 T0@15
  claim | stale | AUTH_REQUIRED r3 l3 t1 e1 ended |
  same claim again | stale | AUTH_REQUIRED r3 l3 t1 e1 ended |
  release, done | none | AUTH_REQUIRED r3 l3 t1 e1 ended |
  release, hand back | none | AUTH_REQUIRED r3 l3 t1 e1 ended |
  release, retry in 2 s | none | AUTH_REQUIRED r3 l3 t1 e1 ended |
  renew | ok | AUTH_REQUIRED r3 l3 t1 e1 ended live |

paused
  nothing | ok | INPUT_REQUIRED r3 l3 t1 e1 ended |
  run completes | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended |
  run pauses | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended |
  run writes a chunk | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended |
  another run writes | LEASE_LOST | INPUT_REQUIRED r3 l3 t1 e1 ended |
  forced end | ok | FAILED r4 l4 t1 e2 ended |
  forced end, letter | ok, too often | FAILED r4 l4 t1 e2 ended |
  epoch is raised | ok | INPUT_REQUIRED r4 l3 t1 e2 ended |
  cancel in 3 s | ok | CANCELED r4 l4 t1 e1 ended |
  end unless running | ok | CANCELED r4 l4 t1 e1 ended |
  message | ok due | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  late message | REVISION_CONFLICT | INPUT_REQUIRED r3 l3 t1 e1 ended |
  status by anyone | ok | WORKING r4 l4 t1 e1 ended |
  last append again | again | INPUT_REQUIRED r3 l3 t1 e1 ended |
  claim | stale | INPUT_REQUIRED r3 l3 t1 e1 ended |
  claim of the turn after | stale | INPUT_REQUIRED r3 l3 t1 e1 ended |
  same claim again | stale | INPUT_REQUIRED r3 l3 t1 e1 ended |
  release, done | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  release, hand back | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  release, retry in 2 s | none | INPUT_REQUIRED r3 l3 t1 e1 ended |
  renew | ok | INPUT_REQUIRED r3 l3 t1 e1 ended |

continued, its handler there
  nothing | ok | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  run completes | LEASE_LOST | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  run pauses | LEASE_LOST | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  run writes a chunk | LEASE_LOST | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  another run writes | LEASE_LOST | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  forced end | ok | FAILED r5 l5 t2 e2 ended |
  forced end, letter | ok, too often | FAILED r5 l5 t2 e2 ended |
  epoch is raised | ok | SUBMITTED r5 l4 t2 e2 | T0@1 T0@3 T0@7 T0@15
  cancel in 3 s | ok | CANCELED r5 l5 t2 e1 ended |
  end unless running | LIVE_RUN | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  message | UNSUPPORTED_OPERATION | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  last append again | again | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  claim | busy | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  claim of the turn before | stale | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  same claim again | busy | SUBMITTED r4 l4 t2 e1 live | T0@14.9
  release, done | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  release, hand back | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  renew | ok | SUBMITTED r4 l4 t2 e1 live | T0@15

continued
  nothing | ok | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  run completes | LEASE_LOST | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  run pauses | LEASE_LOST | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  run writes a chunk | LEASE_LOST | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  another run writes | LEASE_LOST | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  forced end | ok | FAILED r5 l5 t2 e2 ended |
  epoch is raised | ok | SUBMITTED r5 l4 t2 e2 | T0@1 T0@3 T0@7 T0@15
  cancel in 3 s | ok | CANCELED r5 l5 t2 e1 ended |
  end unless running | ok | CANCELED r5 l5 t2 e1 ended |
  message | UNSUPPORTED_OPERATION | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  last append again | again | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  claim | run 2, attempt 1 | WORKING r5 l5 t2 e2 live | X1@15
  claim of the turn before | stale | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  same claim again | run 2, attempt 1 | WORKING r5 l5 t2 e2 live | X1@15
  release, done | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  release, hand back | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 2 | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15
  renew | ok | SUBMITTED r4 l4 t2 e1 | T0@1 T0@3 T0@7 T0@15

continued and running
  nothing | ok | WORKING r5 l5 t2 e2 live | X1@14.9
  run completes | ok | COMPLETED r6 l6 t2 e2 ended |
  run pauses | ok | INPUT_REQUIRED r6 l6 t2 e2 ended live |
  run writes a chunk | ok | WORKING r6 l6 t2 e2 live | X1@14.9
  run saves a checkpoint | ok | WORKING r6 l5 t2 e2 live | X1@14.9
  run replies | REVEALED | WORKING r5 l5 t2 e2 live | X1@14.9
  another run writes | LEASE_LOST | WORKING r5 l5 t2 e2 live | X1@14.9
  forced end | ok | FAILED r6 l6 t2 e3 ended |
  epoch is raised | ok | WORKING r6 l5 t2 e3 | T1@1 T1@3 T1@7 T1@15
  cancel in 3 s | ok | WORKING r6 l5 t2 e2 live cancel 3 | C1@3 C1@7 C1@14.9 X1@14.9
  end unless running | LIVE_RUN | WORKING r5 l5 t2 e2 live | X1@14.9
  message | UNSUPPORTED_OPERATION | WORKING r5 l5 t2 e2 live | X1@14.9
  last append again | again | WORKING r5 l5 t2 e2 live | X1@14.9
  claim | duplicate | WORKING r5 l5 t2 e2 live | X1@14.9
  claim of the turn before | stale | WORKING r5 l5 t2 e2 live | X1@14.9
  same claim again | again run 2, attempt 1 | WORKING r5 l5 t2 e2 live | X1@14.9
  release, done | turn 2 | WORKING r5 l5 t2 e2 | T1@1 T1@3 T1@7 T1@15
  release, hand back | turn 2 | WORKING r5 l5 t2 e2 | T0@1 T0@3 T0@7 T0@15
  release, retry in 2 s | turn 2 | WORKING r5 l5 t2 e2 | T1@3 T1@7 T1@14.9
  renew | ok | WORKING r5 l5 t2 e2 live | X1@15

completed
  nothing | ok | COMPLETED r3 l3 t1 e1 ended |
  run completes | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  run pauses | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  run writes a chunk | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  run replies | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  another run writes | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  forced end | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  forced end, letter | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  epoch is raised | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  cancel in 3 s | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  end unless running | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  message | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  late message | TASK_TERMINAL | COMPLETED r3 l3 t1 e1 ended |
  last append again | again | COMPLETED r3 l3 t1 e1 ended |
  claim | ended | COMPLETED r3 l3 t1 e1 ended |
  claim of the turn before | ended | COMPLETED r3 l3 t1 e1 ended |
  release, done | none | COMPLETED r3 l3 t1 e1 ended |
  release, hand back | none | COMPLETED r3 l3 t1 e1 ended |
  renew | ok | COMPLETED r3 l3 t1 e1 ended |
)";

}  // namespace a2akit::testing
