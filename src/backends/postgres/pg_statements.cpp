#include "backends/postgres/pg_statements.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

constexpr std::string_view kPlace = "{schema}";

constexpr std::string_view kWriteParams =
    "$1::bigint, $2::uuid, $3::boolean, $4::bytea, $5::bytea, $6::bytea, $7::boolean, $8::uuid, "
    "$9::bigint, "
    "$10::bigint, $11::boolean, $12::boolean, $13::boolean, $14::int, $15::bytea, $16::bytea, "
    "$17::int, $18::bytea, "
    "$19::bytea, $20::bytea, $21::bytea, $22::bytea, $23::bytea, $24::bigint, $25::bytea, "
    "$26::bigint, $27::boolean";

constexpr std::string_view kNoClaim = ", null::uuid, null::uuid, null::bigint";

std::string write_sql(std::string_view function, std::string_view claim, std::string_view more) {
    std::string sql = "select * from {schema}.";
    sql.append(function).append("(").append(kWriteParams).append(claim).append(more).append(")");
    return sql;
}

constexpr std::string_view kSnapshot =
    "s.o_id, s.o_owner, s.o_tenant, s.o_context, s.o_state, s.o_status_time, s.o_status, "
    "s.o_metadata, s.o_checkpoint, "
    "s.o_reply, s.o_revealed, s.o_revision, s.o_last, s.o_turn, s.o_turn_ended, s.o_epoch, "
    "s.o_live, s.o_cancel_by, "
    "s.o_chunks, s.o_history";

std::string with_snapshot(std::string_view head, std::string_view tail) {
    return std::string(head).append(kSnapshot).append(tail);
}

}  // namespace

std::string in_schema(std::string_view text, std::string_view schema) {
    std::string result;
    for (std::size_t at = text.find(kPlace); at != std::string_view::npos; at = text.find(kPlace)) {
        result.append(text.substr(0, at)).append(schema);
        text.remove_prefix(at + kPlace.size());
    }
    return result.append(text);
}

PgStatement PgStatements::make(std::string_view schema, std::string name, std::string_view sql,
                               bool alone) {
    return {next_++, "a2akit_" + std::move(name), in_schema(sql, schema), alone};
}

PgStatements::PgStatements(std::string_view s)
    : create(make(s, "create", write_sql("write_task", ", $28::uuid, $29::uuid, $30::bigint", ""))),
      create_once(make(s, "create_once",
                       write_sql("write_task_once", ", $30::uuid, $31::uuid, $32::bigint",
                                 ", $28::bytea, $29::bytea"),
                       true)),
      append(make(s, "append", write_sql("write_task", kNoClaim, ""))),
      append_once(make(s, "append_once",
                       write_sql("write_task_once", kNoClaim, ", $28::bytea, $29::bytea"), true)),
      load(make(s, "load",
                with_snapshot("select ",
                              " from {schema}.snapshot_now($1::bigint, $2::uuid, $3::int, "
                              "$4::boolean) s"))),
      load_head(
          make(s, "load_head",
               "select t.id, t.owner, t.tenant, t.context, t.state, t.status_time, null::bytea, "
               "null::bytea, null::bytea, null::bytea, t.revealed, t.revision, t.last, t.turn, "
               "t.turn_ended, t.epoch, t.run_epoch is not null and t.lease_until > "
               "{schema}.engine_time($1::bigint), t.cancel_by, null::bytea[], null::bytea[] "
               "from {schema}.tasks t where t.id = $2::uuid")),
      claim(make(s, "claim",
                 with_snapshot(
                     "select c.o_code, c.o_epoch, c.o_attempt, c.o_input, c.o_sealed, c.o_turn, "
                     "c.o_revision, "
                     "c.o_first, c.o_last, c.o_before, c.o_after, c.o_turn_ended, c.o_turn_due, "
                     "c.o_repeated, ",
                     " from {schema}.claim_task($1::bigint, $2::uuid, $3::uuid, $4::int, $5::uuid, "
                     "$6::bigint, true) c left join lateral {schema}.snapshot_of($1::bigint, "
                     "case when c.o_code = 0 then $3::uuid end, null, true) s on true"))),
      // The setting holds until the end of the transaction, so these are alone in theirs.
      claim_head(make(
          s, "claim_head",
          "select c.o_code, c.o_epoch from set_config('a2akit.heads', 'on', true) h, "
          "lateral {schema}.claim_task(case h when 'on' then $1::bigint end, $2::uuid, $3::uuid, "
          "$4::int, $5::uuid, $6::bigint, true) c",
          true)),
      renew(make(s, "renew",
                 "select * from {schema}.renew_runs($1::bigint, $2::uuid, $3::bigint, $4::uuid[])",
                 true)),
      release(make(
          s, "release",
          "select {schema}.release_task($1::bigint, $2::uuid, $3::bigint, $4::int, $5::bigint)")),
      list(make(s, "list",
                "select * from {schema}.list_tasks($1::bigint, $2::boolean, $3::bytea, $4::bytea, "
                "$5::bytea, $6::int, "
                "$7::bigint, $8::bigint, $9::bigint, $10::uuid, $11::int)",
                true)),
      snapshots(
          make(s, "snapshots",
               with_snapshot(
                   "select i.fits, ",
                   " from (select i.id, i.n, i.n = 1 or sum(z.size) over (order by i.n) <= "
                   "$5::bigint as fits "
                   "from unnest($2::uuid[]) with ordinality i(id, n) cross join lateral (select "
                   "coalesce((select sum(octet_length(w.chunks)) from {schema}.writes w "
                   "where $4::boolean and w.task = i.id and w.chunks is not null), 0) + "
                   "coalesce((select sum(octet_length(h.history)) from (select w.history "
                   "from {schema}.writes w where w.task = i.id and w.history is not null "
                   "order by w.last desc, w.revision desc "
                   "limit case when $3::int >= 0 then $3::int end) h), 0) + "
                   "coalesce((select octet_length(w.status) from {schema}.tasks t join "
                   "{schema}.writes w "
                   "on w.task = t.id and w.last = t.status_last and w.state is not null "
                   "where t.id = i.id), 0) as size) z) i "
                   "left join lateral {schema}.snapshot_now($1::bigint, "
                   "case when i.fits then i.id end, $3::int, $4::boolean) s on true order by i.n"),
               true)),
      events(make(
          s, "events",
          "select t.last, t.turn, t.state, t.turn_ended, t.compacted, w.first, w.last, w.time, "
          "w.state, w.status, "
          "w.chunks from {schema}.tasks t left join lateral (select * from (select w.*, "
          "row_number() over (order by w.last) as n, sum(coalesce(octet_length(w.status), 0) + "
          "coalesce(octet_length(w.chunks), 0)) over (order by w.last) as size from (select * "
          "from {schema}.writes w where w.task = t.id and w.last > $5::bigint and w.first <= "
          "w.last "
          "order by w.last limit $6::int) w) w where w.n = 1 or w.size <= $7::bigint) w on true "
          "where t.id = $1::uuid and ($2::boolean or (t.revealed and t.owner = $3::bytea and "
          "t.tenant = $4::bytea)) order by w.last")),
      tails(make(s, "tails",
                 "select i.id, t.last, t.turn, t.turn_ended from unnest($1::uuid[]) with "
                 "ordinality i(id, n) "
                 "left join {schema}.tasks t on t.id = i.id order by i.n")),
      now(make(s, "now", "select {schema}.engine_time($1::bigint)")),
      alive(make(s, "alive", "select 1")),
      // As much as writes need: the tables, the rights to change them, and a number for a
      // transaction, which a server that takes no writes does not give out. Changes nothing.
      ready(
          make(s, "ready",
               "with seen as (select id from {schema}.tasks where false for update), "
               "queued as (select task from {schema}.queue where false for update) "
               "select txid_current(), (select count(*) from seen), (select count(*) from queued), "
               "{schema}.engine_time(null::bigint)",
               true)),
      due(make(s, "due", "select * from {schema}.due_tasks($1::bigint, $2::int)", true)),
      erase(make(s, "erase",
                 "select {schema}.erase_ended($1::int, $2::bigint, $3::bigint, $4::int)", true)),
      compact(make(s, "compact", "select {schema}.compact_ended($1::bigint, $2::int)", true)),
      dead_letters(
          make(s, "dead_letters",
               "select task, turn, attempts, at, owner, tenant, context, reason, input, redriven "
               "from {schema}.dead_letters where $1::uuid is null or task > $1 order by task limit "
               "$2::int")),
      mark_redriven(make(s, "mark_redriven",
                         "update {schema}.dead_letters set redriven = coalesce(redriven, $2::uuid) "
                         "where task = $1::uuid returning redriven")),
      stale_paused(
          make(s, "stale_paused",
               "select id from {schema}.tasks where state in (6, 8) and status_time < $1::bigint "
               "order by status_time limit $2::int")),
      stored_use(
          make(s, "stored_use",
               "select (select coalesce(sum(tasks), 0)::bigint from {schema}.task_counts "
               "where owner = $1::bytea), case when $2::boolean then (select coalesce(sum("
               "coalesce(octet_length(t.metadata), 0) + coalesce(octet_length(t.checkpoint), 0) + "
               "coalesce(octet_length(t.reply), 0) + (select coalesce(sum("
               "coalesce(octet_length(w.status), 0) + coalesce(octet_length(w.chunks), 0) + "
               "coalesce(octet_length(w.history), 0) + coalesce(octet_length(w.input), 0)), 0) "
               "from {schema}.writes w where w.task = t.id)), 0)::bigint "
               "from {schema}.tasks t where t.owner = $1::bytea and t.revealed) else 0 end")),
      load_context(make(s, "load_context",
                        "select value, version from {schema}.contexts where owner = $1::bytea and "
                        "tenant = $2::bytea "
                        "and context = $3::bytea")),
      update_context(
          make(s, "update_context",
               "select * from {schema}.update_context($1::bytea, $2::bytea, $3::bytea, $4::bytea, "
               "$5::bigint)")),
      put_push(make(s, "put_push",
                    "select * from {schema}.put_push($1::bigint, $2::uuid, $3::boolean, $4::bytea, "
                    "$5::bytea, $6::uuid, $7::bytea, $8::bytea, $9::int, $10::bigint, "
                    "$11::boolean, $12::int)")),
      list_pushes(
          make(s, "list_pushes",
               "select p.key, p.task, p.config, p.version from {schema}.tasks t left join "
               "{schema}.pushes p on p.task = t.id where t.id = $1::uuid and ($2::boolean or "
               "(t.revealed and t.owner = $3::bytea and t.tenant = $4::bytea)) order by p.name")),
      remove_push(make(s, "remove_push",
                       "select {schema}.remove_push($1::uuid, $2::boolean, $3::bytea, $4::bytea, "
                       "$5::bytea)")),
      due_pushes(make(s, "due_pushes",
                      "select * from {schema}.due_pushes($1::bigint, $2::int, $3::int, $4::uuid, "
                      "$5::bigint)",
                      true)),
      settle_push(make(s, "settle_push",
                       "select {schema}.settle_push($1::bigint, $2::uuid, $3::bigint, $4::int, "
                       "$5::bigint, $6::bigint, $7::bigint, $8::bytea)")),
      dead_pushes(
          make(s, "dead_pushes",
               "select p.key, p.task, t.owner, t.tenant, p.name, p.cursor, p.attempts, p.reason, "
               "p.at from {schema}.pushes p join {schema}.tasks t on t.id = p.task where p.state "
               "= 2 and ($1::uuid is null or p.key > $1) order by p.key limit $2::int")),
      redrive_push(
          make(s, "redrive_push",
               "update {schema}.pushes set state = 0, attempts = 0, reason = '', next_try = "
               "{schema}.engine_time($1::bigint) where key = $2::uuid and state = 2 returning "
               "key")),
      enqueue(make(s, "enqueue",
                   "select {schema}.enqueue($1::bigint, $2::uuid, $3::int, $4::bigint, "
                   "$5::bigint)")),
      enqueue_in(make(s, "enqueue_in",
                      "select {schema}.enqueue($1::bigint, $2::uuid, $3::int, "
                      "{schema}.engine_time($1::bigint) + "
                      "$4::bigint, 0)")),
      receive(
          make(s, "receive",
               with_snapshot(
                   "select r.o_task, r.o_turn, r.o_owner, r.o_claimed, r.o_next, r.c_epoch, "
                   "r.c_attempt, "
                   "r.c_input, "
                   "r.c_sealed, r.c_revision, r.c_first, r.c_last, r.c_before, ",
                   " from {schema}.receive($1::bigint, $2::uuid, $3::uuid, $4::bigint, $5::int, "
                   "$6::boolean, $7::bigint, $8::boolean, $9::bigint, $10::bigint, $11::bigint[], "
                   "$12::bigint[]) r left join lateral (select * from "
                   "{schema}.snapshot_of($1::bigint, r.o_task, null, true) where r.o_claimed) s on "
                   "true"))),
      receive_heads(make(
          s, "receive_heads",
          "select r.o_task, r.o_turn, r.o_owner, r.o_claimed, r.o_next, r.c_epoch, "
          "case when r.o_claimed then {schema}.is_readable(r.o_task) end "
          "from set_config('a2akit.heads', 'on', true) h, "
          "lateral {schema}.receive(case h when 'on' then $1::bigint end, $2::uuid, $3::uuid, "
          "$4::bigint, $5::int, $6::boolean, $7::bigint, $8::boolean, $9::bigint, $10::bigint, "
          "$11::bigint[], $12::bigint[]) r",
          true)),
      hold(
          make(s, "hold",
               "update {schema}.queue q set due_at = {schema}.engine_time($1::bigint) + $4::bigint "
               "from unnest($2::uuid[], $3::uuid[]) h(task, taken) where q.task = h.task and "
               "q.taken = h.taken")),
      ack(make(s, "ack",
               "delete from {schema}.queue where task = $1::uuid and turn = $2::int and taken = "
               "$3::uuid")),
      nack(make(s, "nack",
                "update {schema}.queue set due_at = {schema}.engine_time($4::bigint) + $5::bigint, "
                "taken = null "
                "where task = $1::uuid and turn = $2::int and taken = $3::uuid")),
      give_back(make(s, "give_back", "select {schema}.give_back($1::bigint, $2::uuid, $3::uuid[])",
                     true)),
      cancel(make(s, "cancel",
                  "with kept as (insert into {schema}.cancels values ($1::uuid, "
                  "{schema}.engine_time($2::bigint)) "
                  "on conflict do nothing) select pg_notify($3::text, $4::text)",
                  true)),
      forget_cancel(make(s, "forget_cancel", "delete from {schema}.cancels where task = $1::uuid")),
      cancels(make(s, "cancels", "select task from {schema}.cancels limit 100000")),
      beat(make(s, "beat",
                "with mine as (insert into {schema}.nodes values ($1::uuid, clock_timestamp() + "
                "$2::bigint * "
                "interval '1 ms') on conflict (node) do update set deadline = excluded.deadline), "
                "dead as (delete from {schema}.nodes where deadline < clock_timestamp() and node "
                "<> $1::uuid) "
                "select count(*) from {schema}.nodes where node <> $1::uuid and deadline >= "
                "clock_timestamp()")),
      leave(make(s, "leave", "delete from {schema}.nodes where node = $1::uuid")),
      notify(make(s, "notify", "select pg_notify($1::text, $2::text)")),
      listen(make(s, "listen", "listen a2akit_{schema}")) {}

}  // namespace a2akit::postgres
