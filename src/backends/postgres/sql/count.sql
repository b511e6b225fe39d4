-- The part that this connection writes now.
create or replace function {schema}.count_part() returns bigint language sql volatile as
$$ select date_part('epoch', clock_timestamp())::bigint << 22 | pg_backend_pid() $$;

-- The parts of an owner that nobody writes any more become one, with p_tasks more.
create or replace function {schema}.sum_up_count(p_owner bytea, p_tenant bytea, p_tasks bigint) returns void
language plpgsql as $$
begin
    with parts as (
        delete from {schema}.task_counts where ctid = any (array(
            select ctid from {schema}.task_counts
            where owner = p_owner and tenant = p_tenant and part < {schema}.count_part() - (10::bigint << 22)
            order by part limit 1000 for update skip locked))
        returning tasks)
    insert into {schema}.task_counts as c
    select p_owner, p_tenant, {schema}.count_part(), p_tasks + coalesce(sum(tasks), 0) from parts
    having p_tasks + coalesce(sum(tasks), 0) <> 0
    on conflict (owner, tenant, part) do update set tasks = c.tasks + excluded.tasks;
end $$;

-- write_task counts the tasks that it makes and shows, without a trigger: the condition of one is read anew in each
-- statement, which costs more than the count. This is for the first task that a connection makes within a second.
create or replace function {schema}.begin_count(p_owner bytea, p_tenant bytea) returns void
language plpgsql as $$
begin
    if random() < 0.25 then
        perform {schema}.sum_up_count(p_owner, p_tenant, 1);
    else
        insert into {schema}.task_counts as c values (p_owner, p_tenant, {schema}.count_part(), 1)
        on conflict (owner, tenant, part) do update set tasks = c.tasks + 1;
    end if;
end $$;

-- Tasks are erased in more than one place, so the table itself counts them.
create or replace function {schema}.count_erased() returns trigger language plpgsql as $$
begin
    perform {schema}.sum_up_count(g.owner, g.tenant, -count(*))
    from gone g where g.revealed group by g.owner, g.tenant;
    return null;
end $$;
create or replace trigger count_erased after delete on {schema}.tasks
    referencing old table as gone for each statement execute function {schema}.count_erased();
