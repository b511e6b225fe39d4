-- Schema version 7. The functions count and wake what triggers did before; they are in place, and have been committed,
-- when this runs. A write that began before them is over when the lock is held: what it made is counted here.

lock table {schema}.tasks in access exclusive mode;
drop trigger if exists count_made on {schema}.tasks;
drop trigger if exists count_revealed on {schema}.tasks;
drop trigger if exists tasks_wake_pushes on {schema}.tasks;
drop function if exists {schema}.count_made();
drop function if exists {schema}.count_revealed();
drop function if exists {schema}.wake_pushes();
delete from {schema}.task_counts;
insert into {schema}.task_counts
select owner, tenant, 0, count(*) from {schema}.tasks where revealed group by owner, tenant;
