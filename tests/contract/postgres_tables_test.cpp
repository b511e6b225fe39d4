#include "backends/postgres/content_columns.hpp"
#include "contract/postgres_node_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

// What the tables, functions and triggers of the schema hold, read and count, seen from SQL.

namespace a2akit::testing {
namespace {

TEST_F(PostgresNodeTest, APageReadsNoMoreOfItsIndexThanItHolds) {
    one();
    const std::string script = R"sql(
insert into S.tasks (id, revision, last, state, status_time, revealed, owner, tenant, context)
select gen_random_uuid(), 1, 1, 3, n / 10, true, ('owner' || n % 2)::bytea, '', 'talk'
from generate_series(1, 20000) n;
analyze S.tasks;
do $$
declare
    v_index regclass;
    v_entries bigint;
    v_scans bigint := pg_stat_get_xact_numscans('S.tasks'::regclass);
    v_page record;
begin
    for v_page in select * from (values ('S.tasks_by_context'::regclass, 'talk'::bytea),
                                       ('S.tasks_by_owner', null)) p (index, context)
    loop
        v_entries := pg_stat_get_xact_tuples_returned(v_page.index);
        for i in 1..20 loop  -- so often that a plan for any parameters might be taken
            perform * from S.list_tasks(0, false, 'owner1', '', v_page.context, 0, -1, 5000, 1000,
                                        'ffffffff-ffff-ffff-ffff-ffffffffffff', 50);
        end loop;
        v_entries := pg_stat_get_xact_tuples_returned(v_page.index) - v_entries;
        if v_entries not between 20 * 50 and 20 * 60 then
            raise exception '% gave % entries for 20 pages of 50', v_page.index, v_entries;
        end if;
    end loop;
    if pg_stat_get_xact_numscans('S.tasks'::regclass) <> v_scans then raise exception 'a page scanned all tasks'; end if;
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(script)));
}

TEST_F(PostgresNodeTest, TheFirstPageCountsAllTasksOfAnOwnerWithoutReadingThem) {
    one();
    const std::string script = R"sql(
insert into S.tasks (id, revision, last, state, status_time, revealed, owner, tenant, context)
select gen_random_uuid(), 1, 1, 3, n, n % 10 <> 0, ('owner' || n % 2)::bytea, '', 'talk'
from generate_series(1, 20000) n;
insert into S.task_counts select owner, tenant, 0, count(*) from S.tasks where revealed group by owner, tenant;
analyze S.tasks;
do $$
declare
    v_entries bigint := pg_stat_get_xact_tuples_returned('S.tasks_by_owner'::regclass);
    v_scans bigint := pg_stat_get_xact_numscans('S.tasks'::regclass);
    v_total bigint;
begin
    for i in 1..20 loop
        select o_total into v_total from S.list_tasks(0, false, 'owner1', '', null, 0, -1, null, null, null, 50);
        assert v_total = 10000, v_total;
    end loop;
    v_entries := pg_stat_get_xact_tuples_returned('S.tasks_by_owner'::regclass) - v_entries;
    assert v_entries < 20 * 60, v_entries;
    assert pg_stat_get_xact_numscans('S.tasks'::regclass) = v_scans, 'a page scanned all tasks';
    select o_total into v_total from S.list_tasks(0, true, '', '', null, 0, -1, null, null, null, 50);
    assert v_total = 18000, v_total;
    -- An owner's parts become one when nobody writes them any more, and go with the last task.
    update S.task_counts set part = part - (60::bigint << 22);
    insert into S.task_counts select 'owner1', '', n, 1 from generate_series(1, 500) n;
    insert into S.task_counts values ('owner1', '', 501, -500);
    delete from S.tasks where status_time <= 100;
    assert (select count(*) = 1 and sum(tasks) = 9950 from S.task_counts where owner = 'owner1'), 'parts';
    delete from S.tasks where owner = 'owner0';
    update S.task_counts set part = part - (60::bigint << 22);
    perform S.sum_up_count('owner0', '', 0);
    assert not exists (select from S.task_counts where owner = 'owner0'), 'a count without tasks';
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(script)));
}

// A column of contents that kContentColumns lacks is not encrypted again under a new key, and is
// lost with the old one.
TEST_F(PostgresNodeTest, EveryColumnOfBytesHoldsContentsOrIsKnownNotTo) {
    one();
    std::string contents;
    for (const postgres::ContentColumn& column : postgres::kContentColumns) {
        contents += contents.empty() ? "('" : ", ('";
        contents += std::string(column.table) + "', '" + column.name + "')";
    }
    const std::string script = R"sql(
do $$
declare
    v_names text[] := '{owner,tenant,context,key,name,hash,reason}';
    v_others text[] := '{tasks.sealed,contexts.value,meta.application,meta.cursor_key}';
    v_wrong text;
begin
    create temp table contents (in_table, name) as values )sql" +
                               contents + R"sql(;
    select string_agg(c.relname || '.' || a.attname, ' ') into v_wrong
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = (select oid from pg_namespace where nspname || '.' = 'S.') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        and a.atttypid in ('bytea'::regtype, 'text'::regtype, 'json'::regtype, 'jsonb'::regtype)
        and a.attname <> all (v_names) and c.relname || '.' || a.attname <> all (v_others)
        and (c.relname::text, a.attname::text) not in (select in_table, name from contents);
    assert v_wrong is null, v_wrong || ': contents, or what else?';
    select string_agg(in_table || '.' || name, ' ') into v_wrong from contents
    where not exists (select from pg_attribute where attrelid = ('S.' || in_table)::regclass and attname = name);
    assert v_wrong is null, v_wrong || ': no such column';
    select string_agg(in_table || '.' || name, ' ') into v_wrong from contents
    where (select prosrc from pg_proc where oid = 'S.is_readable(uuid)'::regprocedure)
        !~ ('perform [^;]*md5\(' || name || '\)[^;]* from S.' || in_table);
    assert v_wrong is null, v_wrong || ': is_readable does not read it';
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(script)));
}

TEST_F(PostgresNodeTest, ATaskIsCountedWhenItIsShownAndUntilItIsErased) {
    one();
    const std::string script = R"sql(
create function pg_temp.written(p_task uuid, p_makes boolean, p_revealed boolean, p_revision int) returns int as $$
    select o_code from S.write_task(0, p_task, true, 'alice', '', case when p_makes then 'talk'::bytea end, p_revealed,
        gen_random_uuid(), p_revision, null, false, false, not p_makes, 1, '{}', null, 0, null, null, null, null, null,
        null, null, null, 1000, false, null, null, null)
$$ language sql;
do $$
declare
    v_hidden uuid := gen_random_uuid();
begin
    perform setseed(0.5);
    for i in 1..40 loop  -- some of the first ones of a second sum up what is there
        assert pg_temp.written(gen_random_uuid(), true, true, 0) = 0, 'made';
        assert (select sum(tasks) = i from S.task_counts where owner = 'alice'), 'a shown task';
        if i % 3 = 0 then update S.task_counts set part = part - (60::bigint << 22) where part > 0; end if;
    end loop;
    assert (select count(*) < 14 from S.task_counts), 'nothing was summed up';
    assert pg_temp.written(v_hidden, true, false, 0) = 0, 'made';
    assert (select sum(tasks) = 40 from S.task_counts), 'a hidden task';
    assert pg_temp.written(v_hidden, false, true, 1) = 0, 'shown';
    assert (select sum(tasks) = 41 from S.task_counts), 'a task shown later';
    assert pg_temp.written(v_hidden, false, true, 2) = 0, 'shown again';
    assert (select sum(tasks) = 41 from S.task_counts), 'a task shown twice';
    perform S.erase_tasks(array[v_hidden]);
    assert (select sum(tasks) = 40 from S.task_counts), 'an erased task';
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(script)));
}

TEST_F(PostgresNodeTest, AnUpgradeThatWasCutShortIsDoneAgain) {
    for (int i = 0; i < 3; ++i) create(one());
    // The functions of version 7 beside the triggers of version 6: both count.
    test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
create function S.count_made() returns trigger language plpgsql as $$
begin
    update S.task_counts set tasks = tasks + 1 where part = (select max(part) from S.task_counts);
    return null;
end $$;
create trigger count_made after insert on S.tasks for each row execute function S.count_made();
update S.meta set version = 6;)sql"));
    create(one());
    ListQuery query;
    query.page_size = 2;
    EXPECT_EQ(await(one().storage.list({"alice", "", false}, query)).total, 5);
    create(two());
    EXPECT_EQ(await(two().storage.list({"alice", "", false}, query)).total, 5);
}

TEST_F(PostgresNodeTest, AnUpgradeCountsTheTasksThatAreThere) {
    for (int i = 0; i < 3; ++i) create(one());
    // As version 5 left it, with a task that nothing has counted.
    test_support::PostgresServer::sql(pair_.url(), in_schema(R"sql(
drop function S.count_erased cascade;
drop table S.task_counts;
insert into S.tasks (id, revision, last, state, revealed, owner, tenant, context)
values (gen_random_uuid(), 1, 1, 3, true, 'alice', '', 'talk');
update S.meta set version = 5;)sql"));
    create(two());
    ListQuery query;
    query.page_size = 2;
    EXPECT_EQ(await(two().storage.list({"alice", "", false}, query)).total, 5);
    EXPECT_EQ(await(two().storage.list(OwnerScope::everything(), query)).total, 5);
}

TEST_F(PostgresNodeTest, TheLookForDeliveriesDoesNotMeetConfigurationsWithoutAny) {
    one();
    const std::string script = R"sql(
insert into S.tasks (id, revision, last, state, status_time, revealed, owner, tenant, context)
select gen_random_uuid(), 1, 1, 2, n, true, 'alice', '', 'talk' from generate_series(1, 5000) n;
select count(S.put_push(0, id, true, '', '', gen_random_uuid(), 'c', '{}', 1, null, false, 10)) from S.tasks;
analyze S.tasks;
analyze S.pushes;
do $$
declare
    v_tables regclass[] := array['S.pushes', 'S.tasks', 'S.pushes_by_time'];
    v_read bigint;
    v_task uuid := (select id from S.tasks order by status_time limit 1);
    v_due record;
begin
    v_read := (select sum(pg_stat_get_xact_tuples_returned(t)) from unnest(v_tables) t);
    for i in 1..20 loop  -- so often that a plan for any parameters might be taken
        perform * from S.due_pushes(0, 100, 10, null, 1000);
    end loop;
    v_read := (select sum(pg_stat_get_xact_tuples_returned(t)) from unnest(v_tables) t) - v_read;
    if v_read > 0 then raise exception '20 looks read % rows', v_read; end if;

    -- An event makes its task's configuration due, and it rests again once that is told.
    for i in 2..3 loop
        perform S.write_task(0, v_task, true, '', '', null, true, gen_random_uuid(), i - 1, null, false, false, false, 1,
            '{}', null, 0, null, null, null, null, null, null, null, null, 0, false, null, null, null);
        select * into strict v_due from S.due_pushes(0, 100, 10, null, 1000);
        if v_due.o_task <> v_task or v_due.o_cursor <> i - 1 then raise exception 'due: %', v_due; end if;
        perform S.settle_push(0, v_due.o_key, v_due.o_lease, 1, i, 0, 0, '');
        if (select state from S.pushes where key = v_due.o_key) <> 4 then raise exception 'it does not rest'; end if;
    end loop;
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(script)));
}

TEST_F(PostgresNodeTest, AConfigurationIsNotLaidToRestWhileItsTaskGetsAnEvent) {
    one();
    const auto run = [&](const std::string& sql) {
        test_support::PostgresServer::sql(pair_.url(), in_schema(sql));
    };
    run(R"sql(
insert into S.tasks (id, revision, last, state, status_time, revealed, owner, tenant, context)
values (gen_random_uuid(), 1, 1, 2, 0, true, 'alice', '', 'talk');
select S.put_push(0, id, true, '', '', gen_random_uuid(), 'c', '{}', 1, null, false, 10) from S.tasks;
select S.write_task(0, id, true, '', '', null, true, gen_random_uuid(), 1, null, false, false,
    false, 1, '{}', null, 0, null, null, null, null, null, null, null, null, 0, false, null, null, null) from S.tasks;
select * from S.due_pushes(0, 1, 1, null, 100000);)sql");
    test_support::OpenTransaction writing(pair_.url());
    writing.run(in_schema(R"sql(
select S.write_task(0, id, true, '', '', null, true, gen_random_uuid(), 2, null, false, false,
    false, 1, '{}', null, 0, null, null, null, null, null, null, null, null, 0, false, null, null, null) from S.tasks)sql"));
    std::atomic<bool> settled{false};
    std::thread settling([&] {
        run("select S.settle_push(0, key, lease, 1, 2, 0, 0, '') from S.pushes");
        settled = true;
    });
    wait_until([&] { return settled.load() || waits_for_a_lock("settle_push"); });
    writing.run("commit");
    settling.join();
    EXPECT_NO_THROW(
        run("do $$ begin if (select state from S.pushes) <> 0 then raise exception "
            "'its event was slept through'; end if; end $$"));
}

TEST_F(PostgresNodeTest, ConfigurationsOfAnEarlierVersionRestAndAreWokenAfterTheUpgrade) {
    one();
    const std::string former = R"sql(
insert into S.tasks (id, revision, last, state, status_time, revealed, owner, tenant, context)
select gen_random_uuid(), 1, 1, 2, n, true, 'alice', '', 'talk' from generate_series(1, 3) n;
insert into S.pushes (key, task, name, config, version, cursor, task_first, next_try)
select gen_random_uuid(), id, 'c', '{}', 1, status_time % 2, false, 0 from S.tasks;
update S.tasks set has_push = false;
drop function S.count_erased cascade;
drop table S.task_counts;
update S.meta set version = 5;)sql";
    test_support::PostgresServer::sql(pair_.url(), in_schema(former));
    two();
    const std::string now = R"sql(
do $$ begin
    if (select count(*) from S.pushes where state = 0) <> 1 then raise exception 'which rest?'; end if;
    perform S.write_task(0, id, true, '', '', null, true, gen_random_uuid(), 1, null, false, false,
    false, 1, '{}', null, 0, null, null, null, null, null, null, null, null, 0, false, null, null, null) from S.tasks;
    if (select count(*) from S.pushes where state = 0) <> 3 then raise exception 'who wakes?'; end if;
end $$;)sql";
    EXPECT_NO_THROW(test_support::PostgresServer::sql(pair_.url(), in_schema(now)));
}

}  // namespace
}  // namespace a2akit::testing
