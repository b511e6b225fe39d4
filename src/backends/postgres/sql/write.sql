-- One write to one task. p_context given: makes the task. Codes: see WriteCode in postgres_storage.cpp. With p_claim, a
-- turn that it makes with the task is also claimed, and its entry in the queue is never written: o_claimed_for is the
-- owner's number then.
create or replace function {schema}.write_task(
    p_at bigint, p_task uuid, p_all boolean, p_owner bytea, p_tenant bytea, p_context bytea, p_revealed boolean,
    p_write uuid, p_revision bigint, p_epoch bigint, p_no_live boolean, p_raise boolean, p_reveal boolean,
    p_state int, p_status bytea, p_chunks bytea, p_chunk_count int, p_history bytea, p_reply bytea,
    p_input bytea, p_sealed bytea, p_checkpoint bytea, p_metadata bytea, p_cancel_by bigint, p_dead bytea,
    p_keep bigint, p_enqueue boolean, p_claim uuid, p_node uuid, p_lease bigint,
    out o_code int, out o_task uuid, out o_turn int, out o_revision bigint, out o_first bigint, out o_last bigint,
    out o_before int, out o_after int, out o_turn_ended boolean, out o_turn_due boolean, out o_repeated boolean,
    out o_time bigint, out o_claimed_for bigint)
language plpgsql as $$
declare
    t {schema}.tasks;
    w record;
    v_now bigint := {schema}.engine_time(p_at);
    v_creates boolean := p_context is not null;
    v_state int := p_state;
    v_live boolean;
    v_input bytea;
    v_reveals boolean;
    v_part bigint;
begin
    o_code := 0;
    o_task := p_task;
    if v_creates then
        t.id := p_task;
        t.revision := 0; t.last := 0; t.compacted := 0; t.epoch := 0; t.status_time := 0; t.status_last := 0;
        t.turn_last := 0; t.state := 0; t.turn := 0; t.attempts := 0; t.looks := 0;
        t.revealed := p_revealed; t.turn_ended := false; t.recent := '{}';
        t.owner := p_owner; t.tenant := p_tenant; t.context := p_context;
        if not p_revealed then t.keep_until := v_now + p_keep; end if;
        v_live := false;
    else
        select * into t from {schema}.tasks where id = p_task for no key update;
        if not found or not (p_all or (t.revealed and t.owner = p_owner and t.tenant = p_tenant)) then
            o_code := 1;
            return;
        end if;
        if p_write = t.made or p_write = any (t.recent) then
            select * into w from {schema}.writes where task = p_task and write = p_write limit 1;
            if found then
                o_turn := w.turn; o_revision := w.revision; o_first := w.first; o_last := w.last;
                o_before := w.before; o_after := w.after; o_turn_ended := w.turn_ended; o_turn_due := w.turn_due;
                o_time := w.time; o_repeated := true;
                return;
            end if;
        end if;
        v_live := t.run_epoch is not null and t.lease_until > v_now;
        o_after := t.state;
        if t.state in (3, 4, 5, 7) then o_code := 2; return; end if;
        if p_revision <> t.revision then o_code := 3; return; end if;
        if p_epoch is not null and (p_epoch <> t.epoch or not (
                p_raise or (t.run_epoch is not null and t.run_turn = t.turn and not t.turn_ended))) then
            o_code := 4;
            return;
        end if;
        -- A run's write that is older than all that are remembered of its thread was on its way for long, over a connection
        -- that its node gave up: it has been repeated meanwhile, and is remembered no longer.
        if p_epoch is not null and cardinality(t.recent) >= 6 and p_write < any (t.recent) and (
                select bool_and(r > p_write) from unnest(t.recent) r
                where right(r::text, 22) = right(p_write::text, 22)) then
            o_code := 4;
            return;
        end if;
        if p_no_live and v_live then o_code := 5; return; end if;
        if p_input is not null and t.turn <> 0 and not t.turn_ended then o_code := 6; return; end if;
        if p_reply is not null and t.revealed then o_code := 7; return; end if;
    end if;

    o_before := t.state;
    o_first := t.last + 1;
    t.revision := t.revision + 1;
    v_reveals := p_reveal and not t.revealed;
    if v_reveals then t.revealed := true; end if;
    if p_input is not null then
        t.turn := t.turn + 1;
        t.turn_ended := false;
        t.attempts := 0;
        t.looks := 0;
        t.turn_look := v_now + 1000;
    end if;
    if p_raise then
        t.epoch := t.epoch + 1;
        t.run_epoch := null; t.run_node := null; t.run_claim := null;
        v_live := false;
        if not t.turn_ended then t.turn_look := v_now + 1000; end if;
    end if;
    if p_reply is not null and v_state is null then v_state := 3; end if;
    if p_cancel_by is not null then
        if not (v_live and t.run_turn = t.turn and not t.turn_ended) then
            v_state := coalesce(v_state, 5);
        else
            t.cancel_by := least(t.cancel_by, p_cancel_by);
            t.cancel_look := t.cancel_by;
        end if;
    end if;
    t.last := t.last + p_chunk_count;
    if v_state is not null then
        if p_dead is not null and v_state in (3, 4, 5, 7) then
            if not t.turn_ended then
                select input into v_input from {schema}.writes
                where task = p_task and last = t.turn_last and input is not null;
            end if;
            begin
                insert into {schema}.dead_letters (task, turn, attempts, at, owner, tenant, context, reason, input)
                values (p_task, t.turn, t.attempts, v_now, t.owner, t.tenant, t.context, p_dead, v_input)
                on conflict do nothing;
            exception when data_corrupted or internal_error then  -- the input cannot be read
                insert into {schema}.dead_letters (task, turn, attempts, at, owner, tenant, context, reason)
                values (p_task, t.turn, t.attempts, v_now, t.owner, t.tenant, t.context, p_dead)
                on conflict do nothing;
            end;
        end if;
        t.last := t.last + 1;
        t.status_last := t.last;
        t.status_time := greatest(v_now, t.status_time);
        t.state := v_state;
        if v_state in (3, 4, 5, 7, 6, 8) then
            t.turn_ended := true;
            t.sealed := null;
            if v_state not in (6, 8) then
                t.run_epoch := null; t.run_node := null; t.run_claim := null;
                t.cancel_by := null;
                v_live := false;
                if not t.revealed then t.keep_until := coalesce(t.keep_until, v_now + 86400000); end if;
            end if;
        end if;
    end if;
    if v_creates or p_input is not null then
        t.made := p_write;
        t.turn_last := t.last;
    elsif t.state in (3, 4, 5, 7) then
        t.recent := array[p_write];
    else
        t.recent := t.recent[greatest(1, cardinality(t.recent) - 4):] || p_write;
    end if;
    o_turn := t.turn;
    o_revision := t.revision;
    o_last := t.last;
    o_after := t.state;
    o_turn_ended := t.turn_ended;
    o_turn_due := t.turn <> 0 and not t.turn_ended and t.state not in (3, 4, 5, 7) and not v_live;
    o_time := t.status_time;
    o_repeated := false;

    if p_claim is not null and v_creates and o_turn_due then
        o_claimed_for := {schema}.owner_number(t.owner);
        t.epoch := 1;
        t.revision := t.revision + 1;
        t.attempts := 1;
        if t.state <> 2 then
            t.state := 2;
            t.last := t.last + 1;
            t.status_last := t.last;
            t.status_time := greatest(v_now, t.status_time);
        end if;
        t.run_epoch := 1; t.run_turn := t.turn; t.run_node := p_node; t.run_claim := p_claim;
        t.lease_until := v_now + p_lease; t.run_look := t.lease_until;
    end if;
    t.next_look := {schema}.next_look(t);

    if v_creates then
        -- See erase_tasks, which takes it away with the last task.
        perform from {schema}.contexts where owner = t.owner and tenant = t.tenant and context = t.context for key share;
        insert into {schema}.tasks (
            id, revision, last, epoch, status_time, status_last, turn_last, turn_look, next_look, run_epoch, run_look,
            lease_until, keep_until, state, turn, attempts, run_turn, revealed, turn_ended, run_node, run_claim, made,
            owner, tenant, context, metadata, checkpoint, reply, sealed)
        values (
            t.id, t.revision, t.last, t.epoch, t.status_time, t.status_last, t.turn_last, t.turn_look, t.next_look,
            t.run_epoch, t.run_look, t.lease_until, t.keep_until, t.state, t.turn, t.attempts, t.run_turn, t.revealed,
            t.turn_ended, t.run_node, t.run_claim, t.made, t.owner, t.tenant, t.context, p_metadata, p_checkpoint,
            p_reply, p_sealed)
        on conflict (id) do nothing;
        if not found then
            o_claimed_for := null;
            select x.* into w from {schema}.writes x join {schema}.tasks y on y.id = x.task
            where x.task = p_task and x.write = p_write and y.made = p_write limit 1;
            if not found then o_code := 10; return; end if;
            o_turn := w.turn; o_revision := w.revision; o_first := w.first; o_last := w.last;
            o_before := w.before; o_after := w.after; o_turn_ended := w.turn_ended; o_turn_due := w.turn_due;
            o_time := w.time; o_repeated := true;
            return;
        end if;
        if t.revealed then
            v_part := {schema}.count_part();
            update {schema}.task_counts set tasks = tasks + 1
            where owner = t.owner and tenant = t.tenant and part = v_part;
            if not found then perform {schema}.begin_count(t.owner, t.tenant); end if;
        end if;
    else
        -- The wide columns come from the row itself, so that what lies out of line stays where it is.
        update {schema}.tasks set
            revision = t.revision, last = t.last, epoch = t.epoch, status_time = t.status_time,
            status_last = t.status_last, turn_last = t.turn_last, turn_look = t.turn_look, cancel_by = t.cancel_by,
            cancel_look = t.cancel_look, next_look = t.next_look, run_epoch = t.run_epoch, keep_until = t.keep_until,
            state = t.state, turn = t.turn, attempts = t.attempts, looks = t.looks, revealed = t.revealed,
            turn_ended = t.turn_ended, run_node = t.run_node, run_claim = t.run_claim, made = t.made,
            recent = t.recent,
            metadata = coalesce(p_metadata, metadata),
            checkpoint = case when t.state in (3, 4, 5, 7) then null else coalesce(p_checkpoint, checkpoint) end,
            reply = coalesce(p_reply, reply),
            sealed = case when t.turn_ended then null else coalesce(p_sealed, sealed) end
        where id = p_task;
        if v_reveals then perform {schema}.sum_up_count(t.owner, t.tenant, 1); end if;
        if t.has_push and t.last >= o_first then
            update {schema}.pushes set state = 0 where task = p_task and state = 4;
        end if;
    end if;
    insert into {schema}.writes (task, last, revision, first, time, turn, state, before, after, turn_ended, turn_due,
        write, status, chunks, history, input)
    values (p_task, o_last, o_revision, o_first, o_time, o_turn, v_state, o_before, o_after, o_turn_ended, o_turn_due,
        p_write, p_status, p_chunks, p_history, p_input);
    if o_claimed_for is not null then
        insert into {schema}.writes (task, last, revision, first, time, turn, state, before, after, turn_ended,
            turn_due, write)
        values (p_task, t.last, t.revision, o_last + 1, t.status_time, o_turn, case when o_last < t.last then 2 end,
            o_after, 2, false, false, p_claim);
        return;
    end if;
    if p_enqueue and p_input is not null and o_turn_due then
        insert into {schema}.queue (task, turn, due_at, owner)
        values (p_task, t.turn, v_now, {schema}.owner_number(t.owner)) on conflict do nothing;
    end if;
end $$;

-- The same under an Idempotency-Key: a repeated request gets the first one's answer.
create or replace function {schema}.write_task_once(
    p_at bigint, p_task uuid, p_all boolean, p_owner bytea, p_tenant bytea, p_context bytea, p_revealed boolean,
    p_write uuid, p_revision bigint, p_epoch bigint, p_no_live boolean, p_raise boolean, p_reveal boolean,
    p_state int, p_status bytea, p_chunks bytea, p_chunk_count int, p_history bytea, p_reply bytea,
    p_input bytea, p_sealed bytea, p_checkpoint bytea, p_metadata bytea, p_cancel_by bigint, p_dead bytea,
    p_keep bigint, p_enqueue boolean, p_claim uuid, p_node uuid, p_lease bigint, p_key bytea, p_hash bytea,
    out o_code int, out o_task uuid, out o_turn int, out o_revision bigint, out o_first bigint, out o_last bigint,
    out o_before int, out o_after int, out o_turn_ended boolean, out o_turn_due boolean, out o_repeated boolean,
    out o_time bigint, out o_claimed_for bigint)
language plpgsql as $$
declare
    k {schema}.keys;
    t record;
    v_now bigint := {schema}.engine_time(p_at);
begin
    perform pg_advisory_xact_lock(
        ('x' || left(md5('{schema}'::bytea || '/'::bytea || p_owner || '/'::bytea || p_tenant || '/'::bytea || p_key), 16))
        ::bit(64)::bigint);
    select * into k from {schema}.keys where owner = p_owner and tenant = p_tenant and key = p_key;
    if found then
        select turn, turn_ended, status_time into t from {schema}.tasks where id = k.task;
        if k.expires <= v_now or not found then
            delete from {schema}.keys where owner = p_owner and tenant = p_tenant and key = p_key;
        elsif k.hash <> p_hash then
            o_code := 8;
            return;
        elsif p_context is null and k.task <> p_task then
            o_code := 9;
            return;
        else
            o_code := 0; o_task := k.task; o_turn := k.turn; o_revision := k.revision; o_first := k.first;
            o_last := k.last; o_before := k.before; o_after := k.after; o_turn_due := false; o_repeated := true;
            o_turn_ended := t.turn <> k.turn or t.turn_ended;
            o_time := t.status_time;
            return;
        end if;
    end if;
    select * into o_code, o_task, o_turn, o_revision, o_first, o_last, o_before, o_after, o_turn_ended, o_turn_due,
        o_repeated, o_time, o_claimed_for
    from {schema}.write_task(p_at, p_task, p_all, p_owner, p_tenant, p_context, p_revealed, p_write, p_revision, p_epoch,
        p_no_live, p_raise, p_reveal, p_state, p_status, p_chunks, p_chunk_count, p_history, p_reply, p_input, p_sealed,
        p_checkpoint, p_metadata, p_cancel_by, p_dead, p_keep, p_enqueue,
        p_claim, p_node, p_lease);
    if o_code = 0 then
        insert into {schema}.keys values (p_owner, p_tenant, p_key, p_hash, v_now + p_keep, o_task, o_turn, o_revision,
            o_first, o_last, o_before, o_after);
    end if;
end $$;

-- Nodes of schema version 7, and older ones, know of no claims.
create or replace function {schema}.write_task(
    p_at bigint, p_task uuid, p_all boolean, p_owner bytea, p_tenant bytea, p_context bytea, p_revealed boolean,
    p_write uuid, p_revision bigint, p_epoch bigint, p_no_live boolean, p_raise boolean, p_reveal boolean,
    p_state int, p_status bytea, p_chunks bytea, p_chunk_count int, p_history bytea, p_reply bytea,
    p_input bytea, p_sealed bytea, p_checkpoint bytea, p_metadata bytea, p_cancel_by bigint, p_dead bytea,
    p_keep bigint, p_enqueue boolean,
    out o_code int, out o_task uuid, out o_turn int, out o_revision bigint, out o_first bigint, out o_last bigint,
    out o_before int, out o_after int, out o_turn_ended boolean, out o_turn_due boolean, out o_repeated boolean,
    out o_time bigint)
language plpgsql as $$
begin
    select * into o_code, o_task, o_turn, o_revision, o_first, o_last, o_before, o_after, o_turn_ended, o_turn_due,
        o_repeated, o_time
    from {schema}.write_task(p_at, p_task, p_all, p_owner, p_tenant, p_context, p_revealed, p_write, p_revision, p_epoch,
        p_no_live, p_raise, p_reveal, p_state, p_status, p_chunks, p_chunk_count, p_history, p_reply, p_input, p_sealed,
        p_checkpoint, p_metadata, p_cancel_by, p_dead, p_keep, p_enqueue, null, null, null);
end $$;

create or replace function {schema}.write_task_once(
    p_at bigint, p_task uuid, p_all boolean, p_owner bytea, p_tenant bytea, p_context bytea, p_revealed boolean,
    p_write uuid, p_revision bigint, p_epoch bigint, p_no_live boolean, p_raise boolean, p_reveal boolean,
    p_state int, p_status bytea, p_chunks bytea, p_chunk_count int, p_history bytea, p_reply bytea,
    p_input bytea, p_sealed bytea, p_checkpoint bytea, p_metadata bytea, p_cancel_by bigint, p_dead bytea,
    p_keep bigint, p_enqueue boolean, p_key bytea, p_hash bytea,
    out o_code int, out o_task uuid, out o_turn int, out o_revision bigint, out o_first bigint, out o_last bigint,
    out o_before int, out o_after int, out o_turn_ended boolean, out o_turn_due boolean, out o_repeated boolean,
    out o_time bigint)
language plpgsql as $$
begin
    select * into o_code, o_task, o_turn, o_revision, o_first, o_last, o_before, o_after, o_turn_ended, o_turn_due,
        o_repeated, o_time
    from {schema}.write_task_once(p_at, p_task, p_all, p_owner, p_tenant, p_context, p_revealed, p_write, p_revision,
        p_epoch, p_no_live, p_raise, p_reveal, p_state, p_status, p_chunks, p_chunk_count, p_history, p_reply, p_input,
        p_sealed, p_checkpoint, p_metadata, p_cancel_by, p_dead, p_keep, p_enqueue, null, null, null, p_key, p_hash);
end $$;
