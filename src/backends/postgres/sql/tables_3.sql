-- Schema version 4. Push notification configurations, and how far their deliveries have come: one is due when its task
-- has more events. States: 0 active, 1 done, 2 given up, 3 disabled.
create table {schema}.pushes (
    key uuid primary key,
    task uuid not null,
    cursor bigint not null,
    next_try bigint not null,
    lease bigint not null default 0,
    lease_until bigint not null default 0, -- 0: nobody holds it
    at bigint not null default 0,          -- when it was given up
    state int not null default 0,
    version int not null,
    attempts int not null default 0,
    task_first boolean not null,
    name bytea not null,
    config bytea not null,                 -- the protocol's JSON, with its secrets
    reason bytea not null default '',
    unique (task, name)
) with (fillfactor = 80);
create index pushes_by_time on {schema}.pushes (next_try) where state = 0;
