-- Adds to what is counted of an owner. p_sum_up: the parts that nobody writes any more become one.
create or replace function {schema}.add_to_count(p_owner bytea, p_tenant bytea, p_tasks bigint, p_sum_up boolean)
returns void language plpgsql as $$
declare
    v_second bigint := extract(epoch from clock_timestamp())::bigint;
    v_tasks bigint := p_tasks;
begin
    if p_sum_up then
        with parts as (
            delete from {schema}.task_counts where ctid = any (array(
                select ctid from {schema}.task_counts
                where owner = p_owner and tenant = p_tenant and part < (v_second - 10) << 22
                order by part limit 1000 for update skip locked))
            returning tasks)
        select p_tasks + coalesce(sum(tasks), 0) into v_tasks from parts;
    end if;
    if v_tasks <> 0 then
        insert into {schema}.task_counts as c values (p_owner, p_tenant, v_second << 22 | pg_backend_pid(), v_tasks)
        on conflict (owner, tenant, part) do update set tasks = c.tasks + excluded.tasks;
    end if;
end $$;

-- The table's own triggers count, so that nothing that changes it can forget to.
create or replace function {schema}.count_shown() returns trigger language plpgsql as $$
begin
    perform {schema}.add_to_count(new.owner, new.tenant, 1, get_byte(uuid_send(new.id), 15) < 16);
    return null;
end $$;
create or replace trigger count_made after insert on {schema}.tasks
    for each row when (new.revealed) execute function {schema}.count_shown();
create or replace trigger count_revealed after update of revealed on {schema}.tasks
    for each row when (new.revealed and not old.revealed) execute function {schema}.count_shown();

create or replace function {schema}.count_erased() returns trigger language plpgsql as $$
begin
    perform {schema}.add_to_count(g.owner, g.tenant, -count(*), true)
    from gone g where g.revealed group by g.owner, g.tenant order by g.owner, g.tenant;
    return null;
end $$;
create or replace trigger count_erased after delete on {schema}.tasks
    referencing old table as gone for each statement execute function {schema}.count_erased();
