-- One task: one insert, two updates and four event rows in three transactions.
\set id random(1, 9000000000000000000)
begin;
insert into bench_tasks values (:id, 1, now(), repeat('x', 300));
insert into bench_events values (:id, 1, repeat('x', 300));
commit;
begin;
update bench_tasks set state = 2, at = now() where id = :id;
insert into bench_events values (:id, 2, repeat('x', 300));
commit;
begin;
update bench_tasks set state = 3, at = now() where id = :id;
insert into bench_events values (:id, 3, repeat('x', 300));
insert into bench_events values (:id, 4, repeat('x', 300));
commit;
