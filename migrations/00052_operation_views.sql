-- +goose Up
-- Waits for nobody long: who comes behind would wait as well. Run it again where it gives up.
set local lock_timeout = '5s';

create table idempotent_answers (
    workspace_id uuid not null references workspaces (id),
    subject      text not null,
    key          text not null,
    request_hash bytea not null,
    lease        uuid not null,
    leased_until timestamptz not null,
    status       int,
    header       jsonb,
    body         bytea,
    created_at   timestamptz not null default now(),
    primary key (workspace_id, subject, key),
    check ((status is null) = (body is null))
);
comment on table idempotent_answers is 'Answers to requests that carried an Idempotency-Key, for a day: whoever asks again gets the same. Operations keep their own keys.';
comment on column idempotent_answers.subject is 'Whose token sent the key.';
comment on column idempotent_answers.request_hash is 'SHA-256 of the request''s method, path and body, compared when the key is seen again.';
comment on column idempotent_answers.lease is 'Who answers the request: only that one may keep the answer.';
comment on column idempotent_answers.leased_until is 'From when on the same request may be carried out anew: whoever had it has died.';
comment on column idempotent_answers.status is 'Of the answer. NULL: the request is being carried out.';
create index idempotent_answers_age on idempotent_answers (created_at);
select protect('idempotent_answers');

-- An operation that is held is open as well.
-- +goose StatementBegin
do $$
begin
    if not pg_has_role(current_user, 'holdfast_across', 'member') then
        execute format('grant holdfast_across to %I', current_user);
        perform set_config('holdfast.lent', 'on', true);
    end if;
end
$$;
-- +goose StatementEnd
set local role holdfast_across;
drop view open_operations, operation_counts, wait_counts;
reset role;
create view open_operations with (security_barrier) as
select * from operations where state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling');
comment on view open_operations is 'Operations of all workspaces that have not ended, for the sweeper that compares them with their workflows.';
create view operation_counts with (security_barrier) as
select kind, state, count(*) as operations, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
from operations
where state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling')
group by kind, state
union all
select kind, state, count(*), 0
from operations
where finished_at > now() - interval '1 hour'
group by kind, state;
comment on view operation_counts is 'How many operations there are: open ones, and those that have ended within the last hour.';
create view wait_counts with (security_barrier) as
select coalesce(waiting ->> 'for', '')::text as reason, count(*) as operations,
       greatest(coalesce(max(extract(epoch from (waiting ->> 'until')::timestamptz - now())), 0), 0)::float8 as longest_seconds
from operations
where state in ('pending', 'awaiting_approval', 'running') and waiting is not null
group by 1;
comment on view wait_counts is 'How many operations wait, and for what: each shows the longest wait of its collections.';
grant select on open_operations, operation_counts, wait_counts to holdfast_app;

-- The id of a workflow says whose operation it runs, and the sweeper looks for those without one.
-- +goose StatementBegin
create function unknown_operations(workspaces uuid[], of uuid[]) returns setof text
    language sql stable security definer set search_path = public, pg_temp
    begin atomic
    select a.id::text from (select unnest(workspaces) as workspace_id, unnest(of) as id) a
    where not exists (select from operations o where o.workspace_id = a.workspace_id and o.id = a.id);
    end;
-- +goose StatementEnd
comment on function unknown_operations(uuid[], uuid[]) is 'Those of these operations, each of the workspace at its place, that do not exist.';
revoke execute on function unknown_operations(uuid[], uuid[]) from public;
grant execute on function unknown_operations(uuid[], uuid[]) to holdfast_app;

select isolate();
-- Who is one of them sees what they see.
-- +goose StatementBegin
do $$
begin
    if current_setting('holdfast.lent', true) = 'on' then
        execute format('revoke holdfast_across from %I', current_user);
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $$
begin
    if not pg_has_role(current_user, 'holdfast_across', 'member') then
        execute format('grant holdfast_across to %I', current_user);
    end if;
end
$$;
-- +goose StatementEnd
set local role holdfast_across;
drop view open_operations, operation_counts, wait_counts;
drop function unknown_operations(uuid[], uuid[]);
reset role;
create view open_operations with (security_barrier) as
select workspace_id, id, kind, subject, input, state, waiting, failure, seq, idempotency_key, request_hash, created_at, started_at, finished_at,
       source, parent_id, repositories_total, repositories_done, repositories_failed, repositories_cancelled, forecast
from operations where state in ('pending', 'running', 'cancelling');
comment on view open_operations is 'Operations of all workspaces that have not ended, for the sweeper that compares them with their workflows.';
create view operation_counts with (security_barrier) as
select kind, state, count(*) as operations, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
from operations
where state in ('pending', 'running', 'cancelling')
group by kind, state
union all
select kind, state, count(*), 0
from operations
where finished_at > now() - interval '1 hour'
group by kind, state;
comment on view operation_counts is 'How many operations there are: open ones, and those that have ended within the last hour.';
create view wait_counts with (security_barrier) as
select coalesce(waiting ->> 'for', '')::text as reason, count(*) as operations,
       greatest(coalesce(max(extract(epoch from (waiting ->> 'until')::timestamptz - now())), 0), 0)::float8 as longest_seconds
from operations
where state in ('pending', 'running') and waiting is not null
group by 1;
comment on view wait_counts is 'How many operations wait, and for what: each shows the longest wait of its collections.';
grant select on open_operations, operation_counts, wait_counts to holdfast_app;
select isolate();
drop table idempotent_answers;
