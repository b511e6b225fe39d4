-- Schema version 1. Times are milliseconds since 1970, of the engine's clock; states are the protocol's numbers.
-- Names and contents are bytea: a client may choose any bytes, and their order is memcmp's everywhere.

create table {schema}.tasks (
    id uuid primary key,
    revision bigint not null,
    last bigint not null,                -- the newest event
    compacted bigint not null default 0, -- events up to here are gone
    epoch bigint not null default 0,
    status_time bigint not null default 0,
    status_last bigint not null default 0, -- the newest status event; 0: none
    turn_last bigint not null default 0,   -- `last` of the write that made the newest turn
    turn_look bigint,
    cancel_by bigint,
    cancel_look bigint,
    next_look bigint,                    -- the earliest of the looks that matter; null: none
    run_epoch bigint,                    -- null: nobody holds a run
    run_look bigint,
    lease_until bigint,
    keep_until bigint,                   -- of a direct reply
    state int not null,
    turn int not null default 0,
    attempts int not null default 0,
    looks int not null default 0,
    run_turn int,
    revealed boolean not null,
    turn_ended boolean not null default false,
    run_node uuid,
    run_claim uuid,
    made uuid,                           -- the write that made the task, later its newest turn
    recent uuid[] not null default '{}', -- the newest other writes
    owner bytea not null,
    tenant bytea not null,
    context bytea not null,
    metadata bytea,
    checkpoint bytea,
    reply bytea,
    sealed bytea
) with (fillfactor = 80);
create index tasks_by_owner on {schema}.tasks (owner, tenant, status_time desc, id) where revealed;
create index tasks_by_context on {schema}.tasks (context, status_time desc, id) where revealed;
create index tasks_by_look on {schema}.tasks (next_look) where next_look is not null;
create index tasks_by_node on {schema}.tasks (run_node) where run_node is not null;
create index tasks_ended on {schema}.tasks (status_time, id) where state in (3, 4, 5, 7);
create index tasks_to_compact on {schema}.tasks (status_time) where state in (3, 4, 5, 7) and compacted < last;
create index tasks_paused on {schema}.tasks (status_time) where state in (6, 8);

-- One row per write: its events (chunks first, then the status), its messages, and what it answered.
create table {schema}.writes (
    task uuid not null,
    last bigint not null,
    revision bigint not null,
    first bigint not null,   -- last + 1: it added no event
    time bigint not null,
    turn int not null,
    state int,               -- null: it changed no status
    before int not null,
    after int not null,
    turn_ended boolean not null,
    turn_due boolean not null,
    write uuid,
    status bytea,
    chunks bytea,
    history bytea,
    input bytea,
    primary key (task, last, revision)
);

create table {schema}.keys (
    owner bytea not null,
    tenant bytea not null,
    key bytea not null,
    hash bytea not null,
    expires bigint not null,
    task uuid not null,
    turn int not null,
    revision bigint not null,
    first bigint not null,
    last bigint not null,
    before int not null,
    after int not null,
    primary key (owner, tenant, key)
);
create index keys_by_task on {schema}.keys (task);
create index keys_by_expiry on {schema}.keys (expires);

create table {schema}.dead_letters (
    task uuid primary key,
    turn int not null,
    attempts int not null,
    at bigint not null,
    owner bytea not null,
    tenant bytea not null,
    context bytea not null,
    reason bytea not null,
    input bytea,
    redriven uuid
);

create table {schema}.contexts (
    owner bytea not null,
    tenant bytea not null,
    context bytea not null,
    version bigint not null,
    value bytea not null,
    primary key (owner, tenant, context)
);
create sequence {schema}.context_versions;

-- The broker's entries. `taken` names a delivery that is not answered yet; then due_at says when it is given up.
create table {schema}.queue (
    task uuid not null,
    turn int not null,
    due_at bigint not null,
    taken uuid,
    primary key (task, turn)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
create index queue_by_time on {schema}.queue (due_at);

create table {schema}.cancels (task uuid primary key, at bigint not null);

create table {schema}.nodes (node uuid primary key, deadline timestamptz not null);
