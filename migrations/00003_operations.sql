-- +goose Up
create table operations (
    workspace_id    uuid not null references workspaces (id),
    id              uuid not null,
    kind            text not null,
    subject         text not null,
    input           jsonb not null,
    state           text not null default 'pending'
        check (state in ('pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
    waiting         jsonb,
    failure         jsonb,
    seq             bigint not null default 0,
    idempotency_key text,
    request_hash    bytea,
    created_at      timestamptz not null default now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    primary key (workspace_id, id),
    check ((failure is not null) = (state = 'failed')),
    check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled')))
);
comment on table operations is 'One row a run of long work; the Temporal workflow of the same id does it. This row is the truth about its state.';
comment on column operations.subject is 'What it works on, for people: owner/name.';
comment on column operations.input is 'The kind''s own input, as the client sent it, normalized.';
comment on column operations.waiting is '{for, reason, until} while the work waits for something outside of it.';
comment on column operations.failure is '{code, message} of a failed operation; never an internal error''s text.';
comment on column operations.seq is 'Number of the last event. Raised under this row''s lock, so the order of numbers is the order of commits.';
comment on column operations.idempotency_key is 'The client''s Idempotency-Key, if it sent one.';
comment on column operations.request_hash is 'SHA-256 of the request''s body, compared when the key is seen again.';

create unique index operations_idempotency_key on operations (workspace_id, idempotency_key) where idempotency_key is not null;
create index operations_newest on operations (workspace_id, created_at desc, id desc);
create index operations_open on operations (created_at) where state in ('pending', 'running', 'cancelling');

create table operation_collections (
    workspace_id uuid not null,
    operation_id uuid not null,
    collection   text not null,
    position     int not null,
    state        text not null default 'pending' check (state in ('pending', 'running', 'done', 'skipped', 'failed')),
    items        bigint not null default 0,
    total        bigint not null default 0,
    written      bigint not null default 0,
    pages        bigint not null default 0,
    requests     bigint not null default 0,
    note         text not null default '',
    started_at   timestamptz,
    finished_at  timestamptz,
    primary key (workspace_id, operation_id, collection),
    foreign key (workspace_id, operation_id) references operations (workspace_id, id) on delete cascade
);
comment on table operation_collections is 'Progress of an operation by collection, written in the transaction of each page.';
comment on column operation_collections.position is 'Order in the operation''s plan.';
comment on column operation_collections.items is 'Items that GitHub listed so far.';
comment on column operation_collections.total is 'Estimated items in all, from the last page''s link; 0 while unknown.';
comment on column operation_collections.written is 'Rows inserted or changed.';
comment on column operation_collections.requests is 'Requests to GitHub whose answers were committed, retries included.';
comment on column operation_collections.note is 'What a person should know: why it was skipped, what could not be kept as it was.';

create table operation_events (
    workspace_id uuid not null,
    operation_id uuid not null,
    seq          bigint not null,
    type         text not null check (type in ('collection', 'state')),
    at           timestamptz not null,
    data         jsonb not null,
    primary key (workspace_id, operation_id, seq),
    foreign key (workspace_id, operation_id) references operations (workspace_id, id) on delete cascade
);
comment on table operation_events is 'What the stream of an operation replays, numbered from 1 without a gap.';
comment on column operation_events.data is 'The collection''s totals, or the operation''s state, after this event.';

-- +goose Down
drop table operation_events;
drop table operation_collections;
drop table operations;
