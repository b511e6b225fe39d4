-- Schema version 6.

-- How many tasks each owner is shown, in parts: the sum is what counts. A part is written by one
-- connection within one second, so that none waits for another, and old versions of a row stay few.
create table {schema}.task_counts (
    owner bytea not null,
    tenant bytea not null,
    part bigint not null,
    tasks bigint not null,
    primary key (owner, tenant, part)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
-- A task that is made meanwhile is counted by version 7.
lock table {schema}.tasks in share row exclusive mode;
insert into {schema}.task_counts
select owner, tenant, 0, count(*) from {schema}.tasks where revealed group by owner, tenant;

-- A configuration whose events are all told rests (state 4) until its task has more, so that the look
-- for due ones does not meet it. Tasks know whether they have configurations: the others pay nothing.

alter table {schema}.tasks add column if not exists has_push boolean not null default false;
update {schema}.tasks set has_push = true where id in (select task from {schema}.pushes where state = 0);

create or replace function {schema}.wake_pushes() returns trigger language plpgsql as $$
begin
    update {schema}.pushes set state = 0 where task = new.id and state = 4;
    return null;
end $$;
create or replace trigger tasks_wake_pushes after update of last on {schema}.tasks
    for each row when (new.has_push and new.last > old.last) execute function {schema}.wake_pushes();

update {schema}.pushes p set state = 4 from {schema}.tasks t
where t.id = p.task and p.state = 0 and not p.task_first and p.cursor >= t.last and t.state not in (3, 4, 5, 7);
