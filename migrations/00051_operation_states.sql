-- Adds to a table that is in use, as 00022 does. The lists of states grow: whoever runs the
-- earlier version meanwhile finds its states in them, and its queries use the new indexes.
-- +goose NO TRANSACTION
-- +goose Up
-- A lock that waits behind a long transaction makes everybody wait behind it.
set lock_timeout = '10s';
alter table operations
    add column if not exists retry_of    uuid,
    add column if not exists key_subject text not null default '';
comment on column operations.retry_of is 'The operation that this one repeats, by request. NULL: none.';
comment on column operations.idempotency_key is 'The client''s Idempotency-Key, if it sent one, until another operation takes it after a day.';
comment on column operations.key_subject is 'Whose token sent the idempotency key: two clients may use the same.';
comment on column operations.failure is '{code, message} of a failed or rejected operation; never an internal error''s text.';

alter table operations
    drop constraint if exists operations_state_check,
    drop constraint if exists operations_check,
    drop constraint if exists operations_check1,
    drop constraint if exists operations_known_state_check,
    drop constraint if exists operations_failure_check,
    drop constraint if exists operations_finished_check,
    add constraint operations_known_state_check check (state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling',
        'succeeded', 'failed', 'cancelled', 'rejected')) not valid,
    add constraint operations_failure_check check ((failure is not null) = (state in ('failed', 'rejected'))) not valid,
    add constraint operations_finished_check check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled', 'rejected'))) not valid;
alter table operations validate constraint operations_known_state_check;
alter table operations validate constraint operations_failure_check;
alter table operations validate constraint operations_finished_check;

reset lock_timeout;

drop index concurrently if exists operations_unended;
create index concurrently operations_unended on operations (created_at)
    where state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling');
comment on index operations_unended is 'Operations that have not ended, which the sweeper goes through.';
drop index concurrently if exists operations_open;
drop index concurrently if exists operations_key;
create unique index concurrently operations_key on operations (workspace_id, key_subject, idempotency_key) where idempotency_key is not null;
drop index concurrently if exists operations_idempotency_key;
drop index concurrently if exists operations_subject;
create index concurrently operations_subject on operations (workspace_id, lower(subject), created_at desc, id desc) where parent_id is null;
comment on index operations_subject is 'The operations of one repository or organization, newest first.';

-- +goose Down
drop index concurrently if exists operations_subject;
-- To see the rows of all workspaces.
alter table operations no force row level security;
update operations set idempotency_key = null where key_subject <> '' and idempotency_key is not null;
drop index concurrently if exists operations_idempotency_key;
create unique index concurrently operations_idempotency_key on operations (workspace_id, idempotency_key) where idempotency_key is not null;
drop index concurrently if exists operations_key;
drop index concurrently if exists operations_open;
create index concurrently operations_open on operations (created_at) where state in ('pending', 'running', 'cancelling');
drop index concurrently if exists operations_unended;
alter table operations
    drop constraint if exists operations_known_state_check,
    drop constraint if exists operations_failure_check,
    drop constraint if exists operations_finished_check;
-- What nobody has approved must not run, and nothing can be paused any more.
update operations
set state       = case when state <> 'paused' then 'cancelled' when started_at is null then 'pending' else 'running' end,
    finished_at = case when state <> 'paused' then coalesce(finished_at, now()) end,
    waiting     = null,
    failure     = null
where state in ('awaiting_approval', 'paused', 'rejected');
alter table operations force row level security;
alter table operations
    drop constraint if exists operations_state_check,
    drop constraint if exists operations_check,
    drop constraint if exists operations_check1,
    add constraint operations_state_check check (state in ('pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
    add constraint operations_check check ((failure is not null) = (state = 'failed')),
    add constraint operations_check1 check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled')));
alter table operations
    drop column if exists key_subject,
    drop column if exists retry_of;
comment on column operations.idempotency_key is 'The client''s Idempotency-Key, if it sent one.';
comment on column operations.failure is '{code, message} of a failed operation; never an internal error''s text.';
