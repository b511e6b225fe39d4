-- The entries that are due, one of each owner in turn, from the first owner behind p_after. An owner takes part until it
-- holds p_most slots: p_owners hold p_held each, all others so few that p_limit more are not too many. The last row has
-- no task: its o_turn is 1 when entries were left where they are because their owner holds its share. That row is
-- missing when p_limit entries were found.
create or replace function {schema}.entries_in_turn(
    p_now bigint, p_limit int, p_after bigint, p_most bigint, p_owners bigint[], p_held bigint[],
    out o_task uuid, out o_turn int, out o_owner bigint)
returns setof record language plpgsql as $$
declare
    v_tasks uuid[] := '{}';
    v_left int := 0;
    v_before int;
    v_at bigint;
    v_next bigint;
    v_wrapped boolean;
begin
    for v_round in 0..p_limit loop
        v_before := cardinality(v_tasks);
        v_at := p_after;
        v_wrapped := false;
        loop
            select q.owner into v_next from {schema}.queue q where q.owner > v_at order by q.owner limit 1;
            if not found then
                exit when v_wrapped;
                v_wrapped := true;
                v_at := -9223372036854775808;
                continue;
            end if;
            exit when v_wrapped and v_next > p_after;
            v_at := v_next;
            -- Pairs are compared, so that no statistics tempt the planner into another index.
            if v_next <> 0 and coalesce(p_held[array_position(p_owners, v_next)], 0) + v_round >= p_most then
                perform from {schema}.queue q
                where (q.owner, q.due_at) >= (v_next, 0) and (q.owner, q.due_at) <= (v_next, p_now)
                order by q.owner, q.due_at limit 1;
                if found then v_left := 1; end if;
                continue;
            end if;
            select q.task, q.turn into o_task, o_turn from {schema}.queue q
            where (q.owner, q.due_at) >= (v_next, 0) and (q.owner, q.due_at) <= (v_next, p_now)
                and q.task <> all (v_tasks)
            order by q.owner, q.due_at limit 1 for update skip locked;
            if not found then continue; end if;
            o_owner := v_next;
            v_tasks := v_tasks || o_task;
            return next;
            if cardinality(v_tasks) = p_limit then return; end if;
        end loop;
        exit when cardinality(v_tasks) = v_before;
    end loop;
    o_task := null; o_turn := v_left; o_owner := null;
    return next;
end $$;

-- Takes up to p_limit entries that are due: in the order of their times, or, with p_in_turn, as entries_in_turn says.
-- With p_claims, entries of known tasks come as runs that are claimed already, and leave the queue; all others are given
-- up, and due again, when p_visible is over without an answer. The last row has no task: its o_next says in how many
-- milliseconds the next entry is due, its o_turn is 1 when entries were left because of their owner's share.
create or replace function {schema}.receive(
    p_at bigint, p_write uuid, p_node uuid, p_lease bigint, p_limit int, p_claims boolean, p_visible bigint,
    p_in_turn boolean, p_after bigint, p_most bigint, p_owners bigint[], p_held bigint[],
    out o_task uuid, out o_turn int, out o_owner bigint, out o_claimed boolean, out o_next bigint,
    out c_revision bigint, out c_first bigint, out c_last bigint, out c_before int,
    out c_epoch bigint, out c_attempt int, out c_input bytea, out c_sealed bytea)
returns setof record language plpgsql as $$
declare
    q record;
    c record;
    v_due refcursor;
    v_now bigint := {schema}.engine_time(p_at);
begin
    if p_in_turn then
        open v_due for select e.o_task as task, e.o_turn as turn, e.o_owner as owner
        from {schema}.entries_in_turn(v_now, p_limit, p_after, p_most, p_owners, p_held) e;
    else
        open v_due for select x.task, x.turn, x.owner from {schema}.queue x
        where x.due_at <= v_now order by x.due_at limit p_limit for update skip locked;
    end if;
    loop
        fetch v_due into q;
        exit when not found or q.task is null;
        o_task := q.task; o_turn := q.turn; o_owner := q.owner; o_claimed := false;
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
    close v_due;
    o_task := null; o_owner := null; o_claimed := null;
    o_turn := q.turn;
    -- What was left stays due: it is looked at when its owner gives back a slot.
    if o_turn is null then
        select min(due_at) - v_now into o_next from {schema}.queue;
    else
        select min(due_at) - v_now into o_next from {schema}.queue where due_at > v_now;
    end if;
    return next;
end $$;

-- The owner is that of the task, where Storage stands in the same schema.
create or replace function {schema}.enqueue(
    p_at bigint, p_task uuid, p_turn int, p_not_before bigint, p_owner bigint) returns void
language sql as $$
    insert into {schema}.queue as q (task, turn, due_at, owner)
    values (p_task, p_turn, coalesce(p_not_before, {schema}.engine_time(p_at)),
        coalesce((select {schema}.owner_number(t.owner) from {schema}.tasks t where t.id = p_task), p_owner))
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
        if v_turn is not null then perform {schema}.enqueue(p_at, t.id, v_turn, null, 0); end if;
    end loop;
end $$;
