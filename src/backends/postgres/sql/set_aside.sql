-- Moves one task into the table of those that are set aside. What a row holds is kept as JSON; where the server cannot
-- read it, column by column, and the names of the columns that are lost stand beside it.
do $do$
declare
    v_task uuid := '{task}';
    v_owner text;
    v_table text;
    v_key text;
    v_row tid;
    v_column text;
    v_value json;
    v_kept text;
    v_lost text[];
begin
    select encode(owner, 'escape') into v_owner from {schema}.tasks where id = v_task for update;
    if not found then return; end if;
    foreach v_table in array array['tasks', 'writes', 'keys', 'queue', 'dead_letters', 'pushes', 'cancels'] loop
        v_key := case v_table when 'tasks' then 'id' else 'task' end;
        for v_row in execute format('select ctid from {schema}.%I where %I = $1 for update', v_table, v_key) using v_task
        loop
            v_kept := null;
            v_lost := '{}';
            begin
                execute format('select row_to_json(r) from {schema}.%I r where ctid = $1', v_table)
                into v_value using v_row;
                v_kept := v_value::text;
            exception when data_corrupted or internal_error then
                for v_column in
                    select attname from pg_attribute
                    where attrelid = ('{schema}.' || v_table)::regclass and attnum > 0 and not attisdropped
                    order by attnum
                loop
                    begin
                        execute format('select to_json(%I) from {schema}.%I where ctid = $1', v_column, v_table)
                        into v_value using v_row;
                        v_kept := concat_ws(',', v_kept, to_json(v_column) || ':' || coalesce(v_value::text, 'null'));
                    exception when data_corrupted or internal_error then
                        v_lost := v_lost || v_column;
                    end;
                end loop;
                v_kept := '{' || coalesce(v_kept, '') || '}';
            end;
            insert into {schema}.set_aside (task, owner, stood_in, contents, lost)
            values (v_task, v_owner, v_table, v_kept::json, v_lost);
        end loop;
        execute format('delete from {schema}.%I where %I = $1', v_table, v_key) using v_task;
    end loop;
end $do$;
