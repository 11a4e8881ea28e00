-- Adds to a table that is in use: columns whose defaults rewrite nothing, constraints that
-- are checked without holding up writes, and indexes built beside the work, which a
-- transaction cannot do. What an attempt that was interrupted left behind is made anew.
-- +goose NO TRANSACTION
-- +goose Up
-- A lock that waits behind a long transaction makes everybody wait behind it.
set lock_timeout = '10s';
alter table operations
    add column if not exists source                 text not null default 'sync',
    add column if not exists parent_id              uuid,
    add column if not exists repositories_total     int,
    add column if not exists repositories_done      int not null default 0,
    add column if not exists repositories_failed    int not null default 0,
    add column if not exists repositories_cancelled int not null default 0;
comment on column operations.source is 'What asked for it: sync (a request), webhook, sweep or edit (our own); changes that it finds carry it.';
comment on column operations.parent_id is 'The operation that this one is a part of. NULL: it stands by itself.';
comment on column operations.repositories_total is 'Repositories that its children sync, as its plan counted them. NULL: it has no children.';
comment on column operations.repositories_done is 'Children that succeeded, counted in the transaction of their end; so are failed and cancelled ones.';

alter table operations drop constraint if exists operations_source_check;
alter table operations add constraint operations_source_check check (source in ('sync', 'webhook', 'sweep', 'edit')) not valid;
alter table operations validate constraint operations_source_check;
alter table operations drop constraint if exists operations_parent_fkey;
alter table operations add constraint operations_parent_fkey
    foreign key (workspace_id, parent_id) references operations (workspace_id, id) on delete cascade not valid;
alter table operations validate constraint operations_parent_fkey;
reset lock_timeout;

drop index concurrently if exists operations_children;
create index concurrently operations_children on operations (parent_id, created_at desc, id desc, workspace_id) where parent_id is not null;
comment on index operations_children is 'The children of one operation, newest first.';
drop index concurrently if exists operations_newest_parents;
create index concurrently operations_newest_parents on operations (workspace_id, created_at desc, id desc) where parent_id is null;
comment on index operations_newest_parents is 'Operations that stand by themselves, newest first: thousands of children do not stand between two of them.';
drop index concurrently if exists operations_newest;

-- +goose Down
drop index concurrently if exists operations_newest;
create index concurrently operations_newest on operations (workspace_id, created_at desc, id desc);
drop index concurrently if exists operations_newest_parents;
drop index concurrently if exists operations_children;
alter table operations
    drop constraint if exists operations_parent_fkey,
    drop constraint if exists operations_source_check,
    drop column if exists repositories_cancelled,
    drop column if exists repositories_failed,
    drop column if exists repositories_done,
    drop column if exists repositories_total,
    drop column if exists parent_id,
    drop column if exists source;
