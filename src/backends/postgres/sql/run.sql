create or replace function {schema}.engine_time(p_at bigint) returns bigint language sql volatile as
$$ select coalesce(p_at, (date_part('epoch', clock_timestamp()) * 1000)::bigint) $$;

-- 1 s after a turn was made, then 2, 4… up to 30 s after the look before.
create or replace function {schema}.look_interval(p_looks int) returns bigint language sql immutable as
$$ select case when p_looks >= 5 then 30000 else 1000 << p_looks end::bigint $$;

create or replace function {schema}.next_look(t {schema}.tasks) returns bigint language sql immutable as $$
    select case
        when t.state in (3, 4, 5, 7) then case when not t.revealed then t.keep_until end
        else least(
            case when t.run_epoch is not null then t.run_look
                 when t.turn <> 0 and not t.turn_ended then t.turn_look end,
            case when t.cancel_by is not null then t.cancel_look end)
        end
$$;

-- Codes: 0 a run; 1 stale, 2 ended, 3 duplicate, 4 busy. o_input: what the turn gives to the handler.
create or replace function {schema}.claim_task(
    p_at bigint, p_write uuid, p_task uuid, p_turn int, p_node uuid, p_lease bigint, p_wait boolean,
    out o_code int, out o_turn int, out o_revision bigint, out o_first bigint, out o_last bigint,
    out o_before int, out o_after int, out o_turn_ended boolean, out o_turn_due boolean, out o_repeated boolean,
    out o_epoch bigint, out o_attempt int, out o_input bytea, out o_sealed bytea)
language plpgsql as $$
declare
    t {schema}.tasks;
    w record;
    v_now bigint := {schema}.engine_time(p_at);
begin
    if p_wait then
        select * into t from {schema}.tasks where id = p_task for no key update;
    else
        select * into t from {schema}.tasks where id = p_task for no key update skip locked;
        if not found and exists (select from {schema}.tasks where id = p_task) then o_code := 4; return; end if;
    end if;
    if t.id is null or t.state in (3, 4, 5, 7) then o_code := 2; return; end if;
    o_code := 0;
    if t.run_claim = p_write and t.run_turn = p_turn and not t.turn_ended then
        select * into w from {schema}.writes where task = p_task and write = p_write limit 1;
        o_turn := w.turn; o_revision := w.revision; o_first := w.first; o_last := w.last; o_before := w.before;
        o_after := w.after; o_turn_ended := w.turn_ended; o_turn_due := w.turn_due; o_repeated := true;
    else
        if p_turn = 0 or p_turn <> t.turn or t.turn_ended then o_code := 1; return; end if;
        if t.run_epoch is not null and t.lease_until > v_now then
            o_code := case when t.run_turn = p_turn then 3 else 4 end;
            return;
        end if;
        o_before := t.state;
        o_first := t.last + 1;
        t.epoch := t.epoch + 1;
        t.revision := t.revision + 1;
        t.attempts := t.attempts + 1;
        t.looks := 0;
        if t.state <> 2 then
            t.state := 2;
            t.last := t.last + 1;
            t.status_last := t.last;
            t.status_time := greatest(v_now, t.status_time);
        end if;
        t.run_epoch := t.epoch; t.run_turn := p_turn; t.run_node := p_node; t.run_claim := p_write;
        t.lease_until := v_now + p_lease; t.run_look := t.lease_until;
        t.next_look := {schema}.next_look(t);
        o_turn := t.turn; o_revision := t.revision; o_last := t.last; o_after := 2; o_turn_ended := false;
        o_turn_due := false; o_repeated := false;
        update {schema}.tasks set
            revision = t.revision, last = t.last, epoch = t.epoch, status_time = t.status_time,
            status_last = t.status_last, next_look = t.next_look, run_epoch = t.run_epoch, run_look = t.run_look,
            lease_until = t.lease_until, state = t.state, attempts = t.attempts, looks = t.looks,
            run_turn = t.run_turn, run_node = t.run_node, run_claim = t.run_claim
        where id = p_task;
        if t.has_push and t.last >= o_first then
            update {schema}.pushes set state = 0 where task = p_task and state = 4;
        end if;
        insert into {schema}.writes (task, last, revision, first, time, turn, state, before, after, turn_ended,
            turn_due, write)
        values (p_task, t.last, t.revision, o_first, t.status_time, t.turn,
            case when o_first <= t.last then 2 end, o_before, 2, false, false, p_write);
    end if;
    o_epoch := t.epoch;
    o_attempt := t.attempts;
    -- Where something of it cannot be read, the claim is wanted without contents.
    if current_setting('a2akit.heads', true) = 'on' then return; end if;
    o_sealed := t.sealed;
    select input into o_input from {schema}.writes where task = p_task and last = t.turn_last and input is not null;
end $$;

create or replace function {schema}.release_task(
    p_at bigint, p_task uuid, p_epoch bigint, p_how int, p_not_before bigint) returns int
language plpgsql as $$
declare
    t {schema}.tasks;
    v_now bigint := {schema}.engine_time(p_at);
    v_due int;
begin
    select * into t from {schema}.tasks where id = p_task for no key update;
    if not found or t.state in (3, 4, 5, 7) or t.epoch <> p_epoch then return null; end if;
    if t.turn <> 0 and not t.turn_ended then v_due := t.turn; end if;
    if t.run_epoch is null then return v_due; end if;
    if t.run_turn = t.turn and not t.turn_ended then
        if p_how = 1 then t.attempts := t.attempts - 1; end if;
        t.looks := 0;
    end if;
    t.turn_look := 1000 + case when t.run_turn = t.turn and p_how = 2 then greatest(v_now, p_not_before) else v_now end;
    -- Nobody will hear of the cancel any more: the next sweep ends the task.
    if t.cancel_by is not null and not t.turn_ended then t.cancel_look := v_now; end if;
    t.run_epoch := null; t.run_node := null; t.run_claim := null;
    update {schema}.tasks set
        run_epoch = null, run_node = null, run_claim = null, cancel_look = t.cancel_look, attempts = t.attempts, looks = t.looks,
        turn_look = t.turn_look, next_look = {schema}.next_look(t)
    where id = p_task;
    return v_due;
end $$;

-- Renews what nobody is writing at the moment; the others of p_tasks (null: all of the node's) come as they stand, with
-- o_renewed false. Whoever waited for them, while holding the ones before, would stand in the way of transactions that
-- write several tasks.
create or replace function {schema}.renew_runs(p_at bigint, p_node uuid, p_lease bigint, p_tasks uuid[],
    out o_task uuid, out o_epoch bigint, out o_cancel_by bigint, out o_renewed boolean) returns setof record
language plpgsql as $$
declare
    v_until bigint := {schema}.engine_time(p_at) + p_lease;
begin
    return query
    with free as materialized (
        select id from {schema}.tasks where run_node = p_node and (p_tasks is null or id = any (p_tasks))
        for no key update skip locked),
    renewed as (
        update {schema}.tasks t set
            lease_until = v_until, run_look = v_until,
            next_look = least(v_until, case when cancel_by is not null then cancel_look end)
        from free where t.id = free.id
        returning t.id, t.run_epoch, t.cancel_by)
    select r.id, r.run_epoch, r.cancel_by, true from renewed r
    union all
    select t.id, t.run_epoch, t.cancel_by, false from {schema}.tasks t
    where t.run_node = p_node and (p_tasks is null or t.id = any (p_tasks))
      and not exists (select from free where free.id = t.id);
end $$;
