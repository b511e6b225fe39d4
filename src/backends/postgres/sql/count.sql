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

-- The table's own triggers count, so that nothing that changes it can forget to.
create or replace function {schema}.count_made() returns trigger language plpgsql as $$
begin
    insert into {schema}.task_counts as c
    select owner, tenant, {schema}.count_part(), count(*) from made where revealed group by owner, tenant
    on conflict (owner, tenant, part) do update set tasks = c.tasks + excluded.tasks;
    if random() < 0.06 then
        perform {schema}.sum_up_count(m.owner, m.tenant, 0)
        from (select distinct owner, tenant from made where revealed) m;
    end if;
    return null;
end $$;
create or replace trigger count_made after insert on {schema}.tasks
    referencing new table as made for each statement execute function {schema}.count_made();

create or replace function {schema}.count_revealed() returns trigger language plpgsql as $$
begin
    perform {schema}.sum_up_count(new.owner, new.tenant, 1);
    return null;
end $$;
create or replace trigger count_revealed after update of revealed on {schema}.tasks
    for each row when (new.revealed and not old.revealed) execute function {schema}.count_revealed();

create or replace function {schema}.count_erased() returns trigger language plpgsql as $$
begin
    perform {schema}.sum_up_count(g.owner, g.tenant, -count(*))
    from gone g where g.revealed group by g.owner, g.tenant;
    return null;
end $$;
create or replace trigger count_erased after delete on {schema}.tasks
    referencing old table as gone for each statement execute function {schema}.count_erased();
