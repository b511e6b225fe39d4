-- Schema version 6. How many tasks each owner is shown, in parts: the sum is what counts. A part is written by one
-- connection within one second, so that none waits for another, and old versions of a row stay few.
create table {schema}.task_counts (
    owner bytea not null,
    tenant bytea not null,
    part bigint not null,
    tasks bigint not null,
    primary key (owner, tenant, part)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
-- Whoever makes a task meanwhile waits, and finds the triggers.
lock table {schema}.tasks in share row exclusive mode;
insert into {schema}.task_counts
select owner, tenant, 0, count(*) from {schema}.tasks where revealed group by owner, tenant;
