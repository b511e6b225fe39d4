-- Schema version 5. Owners share the slots for runs, so an entry of the queue says whose it is; 0: unknown.

-- An owner as a number, never 0. It stands in rows, so it never changes.
create or replace function {schema}.owner_number(p_owner bytea) returns bigint language sql immutable as
$$ select ('x' || left(md5(p_owner), 16))::bit(64)::bigint | 1 $$;

alter table {schema}.queue add column owner bigint not null default 0;
update {schema}.queue q set owner = {schema}.owner_number(t.owner) from {schema}.tasks t where t.id = q.task;
create index queue_by_owner on {schema}.queue (owner, due_at);
