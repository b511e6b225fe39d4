-- Takes up to p_limit entries that are due. With p_claims, entries of known tasks come as runs that are claimed
-- already, and leave the queue; all others are given up, and due again, when p_lease is over without an answer.
-- The last row has no task: its o_next says in how many milliseconds the next entry is due.
create or replace function {schema}.receive(
    p_at bigint, p_write uuid, p_node uuid, p_lease bigint, p_limit int, p_claims boolean, p_visible bigint,
    out o_task uuid, out o_turn int, out o_claimed boolean, out o_next bigint,
    out c_revision bigint, out c_first bigint, out c_last bigint, out c_before int,
    out c_epoch bigint, out c_attempt int, out c_input bytea, out c_sealed bytea)
returns setof record language plpgsql as $$
declare
    q record;
    c record;
    v_now bigint := {schema}.engine_time(p_at);
begin
    for q in
        select task, turn from {schema}.queue where due_at <= v_now order by due_at limit p_limit
        for update skip locked
    loop
        o_task := q.task; o_turn := q.turn; o_claimed := false;
        if p_claims then
            select * into c from {schema}.claim_task(p_at, p_write, q.task, q.turn, p_node, p_lease, false);
            if c.o_code = 4 then
                update {schema}.queue set due_at = v_now + 50, taken = null where task = q.task and turn = q.turn;
                continue;
            end if;
            delete from {schema}.queue where task = q.task and turn = q.turn;
            if c.o_code <> 0 then continue; end if;
            o_claimed := true;
            c_revision := c.o_revision; c_first := c.o_first; c_last := c.o_last; c_before := c.o_before;
            c_epoch := c.o_epoch; c_attempt := c.o_attempt; c_input := c.o_input; c_sealed := c.o_sealed;
        else
            update {schema}.queue set due_at = v_now + p_visible, taken = p_write where task = q.task and turn = q.turn;
        end if;
        return next;
    end loop;
    o_task := null;
    select min(due_at) - v_now into o_next from {schema}.queue;
    return next;
end $$;

create or replace function {schema}.enqueue(p_at bigint, p_task uuid, p_turn int, p_not_before bigint) returns void
language sql as $$
    insert into {schema}.queue as q (task, turn, due_at)
    values (p_task, p_turn, coalesce(p_not_before, {schema}.engine_time(p_at)))
    on conflict (task, turn) do update set due_at = excluded.due_at
    where q.taken is null and q.due_at > excluded.due_at
$$;

-- Runs whose claim was written, but whose answer was lost: back into the queue, as if never claimed.
create or replace function {schema}.give_back(p_at bigint, p_node uuid, p_claims uuid[]) returns void
language plpgsql as $$
declare
    t record;
    v_turn int;
begin
    for t in select id, epoch from {schema}.tasks where run_node = p_node and run_claim = any (p_claims) loop
        v_turn := {schema}.release_task(p_at, t.id, t.epoch, 1, 0);
        if v_turn is not null then perform {schema}.enqueue(p_at, t.id, v_turn, null); end if;
    end loop;
end $$;
