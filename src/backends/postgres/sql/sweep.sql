-- A stored context goes with the last task of its conversation. write_task holds the context's row for the tasks that it
-- makes: their commits are waited for, and seen by the statement that follows.
create or replace function {schema}.erase_tasks(p_tasks uuid[]) returns void language plpgsql as $$
declare
    v_owners bytea[];
    v_tenants bytea[];
    v_contexts bytea[];
begin
    with gone as (delete from {schema}.tasks where id = any (p_tasks) returning owner, tenant, context),
         names as (select distinct owner, tenant, context from gone)
    select array_agg(owner), array_agg(tenant), array_agg(context) into v_owners, v_tenants, v_contexts from names;
    perform from {schema}.contexts c
    join unnest(v_owners, v_tenants, v_contexts) n (owner, tenant, context) using (owner, tenant, context)
    order by c.owner, c.tenant, c.context for update of c;
    if found then
        delete from {schema}.contexts c using unnest(v_owners, v_tenants, v_contexts) n (owner, tenant, context)
        where c.owner = n.owner and c.tenant = n.tenant and c.context = n.context
          and not exists (select from {schema}.tasks t
                          where t.context = c.context and t.owner = c.owner and t.tenant = c.tenant and t.revealed)
          and not exists (select from {schema}.tasks t
                          where t.context = c.context and t.owner = c.owner and t.tenant = c.tenant and not t.revealed);
    end if;
    delete from {schema}.writes where task = any (p_tasks);
    delete from {schema}.keys where task = any (p_tasks);
    delete from {schema}.queue where task = any (p_tasks);
    delete from {schema}.dead_letters where task = any (p_tasks);
    delete from {schema}.pushes where task = any (p_tasks);
    delete from {schema}.cancels where task = any (p_tasks);
end $$;

-- Kinds: 0 a turn, 1 an expired run, 2 a cancel.
create or replace function {schema}.due_tasks(p_at bigint, p_limit int,
    out o_kind int, out o_task uuid, out o_turn int, out o_epoch bigint, out o_attempts int) returns setof record
language plpgsql as $$
declare
    t {schema}.tasks;
    v_now bigint := {schema}.engine_time(p_at);
    v_gone uuid[] := '{}';
begin
    delete from {schema}.keys where ctid in (
        select ctid from {schema}.keys where expires <= v_now limit 1000 for update skip locked);
    delete from {schema}.cancels where at < v_now - 86400000;
    for t in
        select * from {schema}.tasks where next_look <= v_now order by next_look limit p_limit
        for no key update skip locked
    loop
        if t.state in (3, 4, 5, 7) then
            v_gone := v_gone || t.id;  -- a direct reply that was kept long enough
            continue;
        end if;
        o_kind := null;
        if t.cancel_by is not null and t.cancel_look <= v_now then
            t.cancel_look := v_now + 1000;
            o_kind := 2;
        else
            if t.run_epoch is not null and t.run_look <= v_now then
                if t.run_turn = t.turn and not t.turn_ended then
                    t.run_look := v_now + {schema}.look_interval(t.looks);
                    t.looks := t.looks + 1;
                    o_kind := 1;
                else
                    -- Its turn has ended, its handler never returned: what waited for it waits no longer.
                    t.run_epoch := null; t.run_node := null; t.run_claim := null;
                    t.turn_look := v_now;
                end if;
            end if;
            if t.run_epoch is null and t.turn <> 0 and not t.turn_ended and t.turn_look <= v_now then
                t.looks := t.looks + 1;
                t.turn_look := v_now + {schema}.look_interval(t.looks);
                o_kind := 0;
            end if;
        end if;
        update {schema}.tasks set
            cancel_look = t.cancel_look, run_look = t.run_look, looks = t.looks, run_epoch = t.run_epoch,
            run_node = t.run_node, run_claim = t.run_claim, turn_look = t.turn_look,
            next_look = {schema}.next_look(t)
        where id = t.id;
        if o_kind is not null then
            o_task := t.id; o_turn := t.turn; o_epoch := t.epoch; o_attempts := t.attempts;
            return next;
        end if;
    end loop;
    if cardinality(v_gone) > 0 then perform {schema}.erase_tasks(v_gone); end if;
end $$;

create or replace function {schema}.erase_ended(p_state int, p_before bigint, p_keep bigint, p_limit int)
returns uuid[] language plpgsql as $$
declare
    v_excess bigint := 0;
    v_ids uuid[];
begin
    -- One at a time: two would count, and then erase, the same tasks.
    if not pg_try_advisory_xact_lock(hashtext('{schema}.erase_ended')) then return '{}'; end if;
    if p_keep is not null then
        select count(*) - p_keep into v_excess from {schema}.tasks
        where state in (3, 4, 5, 7) and revealed and (p_state is null or state = p_state);
    end if;
    -- A direct reply is none of those that are counted: it goes when it is older than p_before.
    select coalesce(array_agg(id order by status_time, id), '{}') into v_ids from (
        select id, status_time, revealed, count(*) filter (where revealed) over (order by status_time, id) n from (
            select id, status_time, revealed from {schema}.tasks
            where state in (3, 4, 5, 7) and (p_state is null or state = p_state)
              and (revealed or status_time < p_before)
            order by status_time, id limit p_limit) oldest) numbered
    where (revealed and n <= v_excess) or status_time < p_before;
    if cardinality(v_ids) > 0 then perform {schema}.erase_tasks(v_ids); end if;
    return v_ids;
end $$;

-- What a snapshot needs stays: chunks, messages, the newest status.
create or replace function {schema}.compact_ended(p_before bigint, p_limit int) returns int language plpgsql as $$
declare
    v_ids uuid[];
begin
    select array_agg(id) into v_ids from (
        select id from {schema}.tasks t
        where state in (3, 4, 5, 7) and compacted < last and status_time < p_before
          and not exists (select from {schema}.pushes p
                          where p.task = t.id and p.state = 0 and (p.task_first or p.cursor < t.last))
        order by status_time limit p_limit for no key update skip locked) chosen;
    if v_ids is null then return 0; end if;
    update {schema}.tasks set compacted = last where id = any (v_ids);
    delete from {schema}.writes w using {schema}.tasks t
    where t.id = any (v_ids) and w.task = t.id and w.chunks is null and w.history is null
      and not (w.last = t.status_last and w.state is not null);
    return cardinality(v_ids);
end $$;

create or replace function {schema}.update_context(
    p_owner bytea, p_tenant bytea, p_context bytea, p_value bytea, p_expected bigint,
    out o_code int, out o_version bigint)
language plpgsql as $$
declare
    v_version bigint;
begin
    loop
        v_version := null;
        select version into v_version from {schema}.contexts
        where owner = p_owner and tenant = p_tenant and context = p_context for no key update;
        if p_expected <> coalesce(v_version, 0) then
            o_code := 3; o_version := coalesce(v_version, 0);
            return;
        end if;
        o_code := 0;
        o_version := nextval('{schema}.context_versions');
        if p_value is null then
            delete from {schema}.contexts where owner = p_owner and tenant = p_tenant and context = p_context;
            return;
        end if;
        if v_version is not null then
            update {schema}.contexts set value = p_value, version = o_version
            where owner = p_owner and tenant = p_tenant and context = p_context;
            return;
        end if;
        insert into {schema}.contexts values (p_owner, p_tenant, p_context, o_version, p_value) on conflict do nothing;
        if found then return; end if;
    end loop;
end $$;
