-- Schema version 3. Of one moment the newest id comes first; a list of one context reads no task of another owner.

drop index {schema}.tasks_by_owner;
create index tasks_by_owner on {schema}.tasks (owner, tenant, status_time desc, id desc) include (state) where revealed;
drop index {schema}.tasks_by_context;
create index tasks_by_context on {schema}.tasks (context, owner, tenant, status_time desc, id desc) include (state)
    where revealed;
