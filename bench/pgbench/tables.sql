-- What the baseline writes into: a table of tasks and one of their events, with no index but their keys.
create table bench_tasks (id bigint primary key, state int not null, at timestamptz not null, message text not null);
create table bench_events (task bigint, sequence int, body text not null, primary key (task, sequence));
