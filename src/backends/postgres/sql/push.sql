-- Codes: 0 stored, 1 no such task, 2 too many.
create or replace function {schema}.put_push(
    p_at bigint, p_task uuid, p_system boolean, p_owner bytea, p_tenant bytea, p_key uuid, p_name bytea, p_config bytea,
    p_version int, p_after bigint, p_task_first boolean, p_most int, out o_code int, out o_key uuid)
language plpgsql as $$
declare
    t record;
    v_now bigint := {schema}.engine_time(p_at);
    v_cursor bigint;
begin
    select last, state into t from {schema}.tasks
    where id = p_task and (p_system or (revealed and owner = p_owner and tenant = p_tenant)) for no key update;
    if not found then o_code := 1; return; end if;
    o_code := 0;
    update {schema}.tasks set has_push = true where id = p_task and not has_push;
    update {schema}.pushes set
        config = p_config, version = p_version, task_first = p_task_first, attempts = 0, next_try = v_now,
        lease = lease + 1, lease_until = 0, reason = '',
        state = case when p_task_first then 0 when state = 1 then 1 when cursor < t.last then 0 else 4 end
    where task = p_task and name = p_name returning key into o_key;
    if found then return; end if;
    if (select count(*) from {schema}.pushes where task = p_task) >= p_most then o_code := 2; return; end if;
    v_cursor := least(coalesce(p_after, t.last), t.last);
    insert into {schema}.pushes (key, task, name, config, version, cursor, task_first, next_try, state)
    values (p_key, p_task, p_name, p_config, p_version, v_cursor, p_task_first, v_now,
            case when p_task_first or v_cursor < t.last then 0 when t.state in (3, 4, 5, 7) then 1 else 4 end);
    o_key := p_key;
end $$;

create or replace function {schema}.remove_push(
    p_task uuid, p_system boolean, p_owner bytea, p_tenant bytea, p_name bytea) returns boolean
language plpgsql as $$
begin
    perform from {schema}.tasks
    where id = p_task and (p_system or (revealed and owner = p_owner and tenant = p_tenant));
    if not found then return false; end if;
    delete from {schema}.pushes where task = p_task and name = p_name;
    return true;
end $$;

create or replace function {schema}.lease_pushes(
    p_now bigint, p_limit int, p_retries boolean, p_task uuid, p_lease bigint,
    out o_key uuid, out o_task uuid, out o_config bytea, out o_version int, out o_context bytea, out o_cursor bigint,
    out o_task_first boolean, out o_attempts int, out o_lease bigint) returns setof record
language plpgsql as $$
begin
    for o_key, o_context in
        select p.key, t.context from {schema}.pushes p join {schema}.tasks t on t.id = p.task
        where p.state = 0 and p.next_try <= p_now and p.lease_until <= p_now and t.revealed
          and (p.task_first or p.cursor < t.last) and (p.attempts > 0) = p_retries
          and (p_task is null or p.task = p_task)
        order by p.next_try, p.key limit p_limit for no key update of p skip locked
    loop
        update {schema}.pushes set lease = lease + 1, lease_until = p_now + p_lease where key = o_key
        returning task, config, version, cursor, task_first, attempts, lease
        into o_task, o_config, o_version, o_cursor, o_task_first, o_attempts, o_lease;
        return next;
    end loop;
end $$;

-- Those that did not fail come first; the others have a limit of their own.
create or replace function {schema}.due_pushes(
    p_at bigint, p_limit int, p_retries int, p_task uuid, p_lease bigint,
    out o_key uuid, out o_task uuid, out o_config bytea, out o_version int, out o_context bytea, out o_cursor bigint,
    out o_task_first boolean, out o_attempts int, out o_lease bigint) returns setof record
language plpgsql as $$
declare
    v_now bigint := {schema}.engine_time(p_at);
    v_count int := 0;
begin
    for o_key, o_task, o_config, o_version, o_context, o_cursor, o_task_first, o_attempts, o_lease in
        select * from {schema}.lease_pushes(v_now, p_limit, false, p_task, p_lease)
    loop
        v_count := v_count + 1;
        return next;
    end loop;
    return query select * from {schema}.lease_pushes(v_now, least(p_limit - v_count, p_retries), true, p_task, p_lease);
end $$;

-- How: 0 goes on, 1 pauses, 2 retries, 3 is given up, 4 is disabled. False: the lease is not the configuration's any more.
create or replace function {schema}.settle_push(
    p_at bigint, p_key uuid, p_lease bigint, p_how int, p_cursor bigint, p_extend bigint, p_delay bigint, p_reason bytea)
returns boolean language plpgsql as $$
declare
    p {schema}.pushes;
    t record;
    v_now bigint := {schema}.engine_time(p_at);
begin
    -- The task first, as where an event wakes its configurations: it gets none while this one is laid to rest.
    select id, last, state into t from {schema}.tasks where id = (select task from {schema}.pushes where key = p_key) for share;
    if not found then return false; end if;
    select * into p from {schema}.pushes where key = p_key for no key update;
    if not found or p.lease <> p_lease or p.lease_until = 0 then return false; end if;
    if p_how = 0 or p_cursor > p.cursor then
        p.cursor := least(greatest(p_cursor, p.cursor), t.last);
        p.attempts := 0;
        p.task_first := false;
        p.next_try := v_now;
    end if;
    p.lease_until := case when p_how = 0 then v_now + p_extend else 0 end;
    if p_how = 1 and not p.task_first and p.cursor >= t.last then
        p.state := case when t.state in (3, 4, 5, 7) then 1 else 4 end;
    end if;
    if p_how = 2 then
        p.attempts := p.attempts + 1;
        p.next_try := v_now + p_delay;
    elsif p_how = 3 then
        p.attempts := p.attempts + 1;
        p.state := 2;
        p.reason := p_reason;
        p.at := v_now;
    elsif p_how = 4 then
        p.state := 3;
    end if;
    update {schema}.pushes set
        cursor = p.cursor, attempts = p.attempts, task_first = p.task_first, next_try = p.next_try,
        lease_until = p.lease_until, state = p.state, reason = p.reason, at = p.at
    where key = p_key;
    return true;
end $$;
