-- A task as it stands. Becomes a part of the statement that asks.
create or replace function {schema}.snapshot_now(
    p_at bigint, p_task uuid, p_history int, p_artifacts boolean,
    out o_id uuid, out o_owner bytea, out o_tenant bytea, out o_context bytea, out o_state int,
    out o_status_time bigint, out o_status bytea, out o_metadata bytea, out o_checkpoint bytea, out o_reply bytea,
    out o_revealed boolean, out o_revision bigint, out o_last bigint, out o_turn int, out o_turn_ended boolean,
    out o_epoch bigint, out o_live boolean, out o_cancel_by bigint, out o_chunks bytea[], out o_history bytea[])
returns setof record language sql stable as $$
    select
        t.id, t.owner, t.tenant, t.context, t.state, t.status_time,
        (select w.status from {schema}.writes w where w.task = t.id and w.last = t.status_last and w.state is not null),
        t.metadata, t.checkpoint, t.reply, t.revealed, t.revision, t.last, t.turn, t.turn_ended, t.epoch,
        t.run_epoch is not null and t.lease_until > {schema}.engine_time(p_at), t.cancel_by,
        case when p_artifacts then array(
            select w.chunks from {schema}.writes w where w.task = t.id and w.chunks is not null
            order by w.last, w.revision) end,
        case when p_history is null then array(
            select w.history from {schema}.writes w where w.task = t.id and w.history is not null
            order by w.last, w.revision)
        else array(
            select h.history from (
                select w.history, w.last, w.revision from {schema}.writes w
                where w.task = t.id and w.history is not null
                order by w.last desc, w.revision desc limit greatest(p_history, 0)) h
            order by h.last, h.revision) end
    from {schema}.tasks t where t.id = p_task
$$;

-- The same for a statement that changed the task: volatile, so that it sees what a claim wrote.
create or replace function {schema}.snapshot_of(
    p_at bigint, p_task uuid, p_history int, p_artifacts boolean,
    out o_id uuid, out o_owner bytea, out o_tenant bytea, out o_context bytea, out o_state int,
    out o_status_time bigint, out o_status bytea, out o_metadata bytea, out o_checkpoint bytea, out o_reply bytea,
    out o_revealed boolean, out o_revision bigint, out o_last bigint, out o_turn int, out o_turn_ended boolean,
    out o_epoch bigint, out o_live boolean, out o_cancel_by bigint, out o_chunks bytea[], out o_history bytea[])
returns setof record language plpgsql volatile rows 1 as $$
begin
    return query select * from {schema}.snapshot_now(p_at, p_task, p_history, p_artifacts);
end $$;

-- Whether the server can read all that is stored of the task; md5 makes it do so.
create or replace function {schema}.is_readable(p_task uuid) returns boolean language plpgsql stable as $$
begin
    perform md5(metadata), md5(checkpoint), md5(reply), md5(sealed) from {schema}.tasks where id = p_task;
    perform md5(status), md5(chunks), md5(history), md5(input) from {schema}.writes where task = p_task;
    perform md5(input), md5(reason) from {schema}.dead_letters where task = p_task;
    perform md5(config), md5(reason) from {schema}.pushes where task = p_task;
    return true;
exception when data_corrupted or internal_error then
    return false;
end $$;

-- Earlier than the stamp of every write that is not committed yet, as far as this role's connections go.
create or replace function {schema}.horizon() returns bigint language sql volatile as $$
    select (extract(epoch from least(clock_timestamp(), min(xact_start))) * 1000)::bigint - 1
    from pg_stat_activity
    where datname = current_database() and usename = current_user and xact_start is not null
$$;

-- The first row carries total and times even when there is no task. What plan is best depends on the filters.
create or replace function {schema}.list_tasks(
    p_at bigint, p_all boolean, p_owner bytea, p_tenant bytea, p_context bytea, p_state int, p_after bigint,
    p_started bigint, p_last_time bigint, p_last_id uuid, p_limit int,
    out o_total bigint, out o_started bigint, out o_as_of bigint, out o_ids uuid[], out o_times bigint[])
language plpgsql volatile set plan_cache_mode = auto as $$
declare
    v_counted boolean := p_state = 0 and p_after < 0;  -- all tasks of an owner: see count.sql
begin
    o_started := coalesce(p_started, {schema}.engine_time(p_at));
    -- Read first: what commits between the two statements is in the listing as well.
    o_as_of := case when p_at is null then {schema}.horizon() else o_started - 1 end;
    o_as_of := least(o_as_of, o_started - 1);
    if p_context is not null and p_all then
        select array_agg(x.id), array_agg(x.status_time) into o_ids, o_times from (
            select t.id, t.status_time from {schema}.tasks t
            where t.context = p_context and t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after
              and t.status_time <= least(o_started, p_last_time)
              and (p_last_id is null or (t.status_time, t.id) < (p_last_time, p_last_id))
            order by t.status_time desc, t.id desc limit p_limit) x;
        if p_started is null then
            select count(*) into o_total from {schema}.tasks t
            where t.context = p_context and t.revealed and (p_state = 0 or t.state = p_state)
              and t.status_time > p_after;
        end if;
    elsif p_context is not null then
        select array_agg(x.id), array_agg(x.status_time) into o_ids, o_times from (
            select t.id, t.status_time from {schema}.tasks t
            where t.context = p_context and t.owner = p_owner and t.tenant = p_tenant and t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after
              and t.status_time <= least(o_started, p_last_time)
              and (p_last_id is null or (t.status_time, t.id) < (p_last_time, p_last_id))
            order by t.status_time desc, t.id desc limit p_limit) x;
        if p_started is null then
            select count(*) into o_total from {schema}.tasks t
            where t.context = p_context and t.owner = p_owner and t.tenant = p_tenant and t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after;
        end if;
    elsif p_all then
        select array_agg(x.id), array_agg(x.status_time) into o_ids, o_times from (
            select t.id, t.status_time from {schema}.tasks t
            where t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after
              and t.status_time <= least(o_started, p_last_time)
              and (p_last_id is null or (t.status_time, t.id) < (p_last_time, p_last_id))
            order by t.status_time desc, t.id desc limit p_limit) x;
        if p_started is null and v_counted then
            select coalesce(sum(tasks), 0) into o_total from {schema}.task_counts;
        elsif p_started is null then
            select count(*) into o_total from {schema}.tasks t
            where t.revealed and (p_state = 0 or t.state = p_state)
              and t.status_time > p_after;
        end if;
    else
        select array_agg(x.id), array_agg(x.status_time) into o_ids, o_times from (
            select t.id, t.status_time from {schema}.tasks t
            where t.owner = p_owner and t.tenant = p_tenant and t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after
              and t.status_time <= least(o_started, p_last_time)
              and (p_last_id is null or (t.status_time, t.id) < (p_last_time, p_last_id))
            order by t.status_time desc, t.id desc limit p_limit) x;
        if p_started is null and v_counted then
            select coalesce(sum(tasks), 0) into o_total from {schema}.task_counts
            where owner = p_owner and tenant = p_tenant;
        elsif p_started is null then
            select count(*) into o_total from {schema}.tasks t
            where t.owner = p_owner and t.tenant = p_tenant and t.revealed
              and (p_state = 0 or t.state = p_state) and t.status_time > p_after;
        end if;
    end if;
end $$;
