-- +goose Up
create table collection_passes (
    workspace_id  uuid not null references workspaces (id),
    repository_id bigint not null,
    collection    text not null,
    fence         bigint not null default 0,
    holder        uuid,
    cursor        jsonb,
    bookmark      jsonb not null default '{}',
    items         bigint not null default 0,
    started_at    timestamptz,
    fresh_at      timestamptz,
    completed_at  timestamptz,
    primary key (workspace_id, repository_id, collection)
);
comment on table collection_passes is 'One row a collection of a repository: who may write it now, how far its pass is, what the next pass starts from.';
comment on column collection_passes.fence is 'Raised whenever a worker takes the pass; every page''s transaction compares it, so a stale worker''s page fails.';
comment on column collection_passes.holder is 'The operation whose pass is running; NULL when none is.';
comment on column collection_passes.cursor is 'How far the running pass is; NULL when none is.';
comment on column collection_passes.bookmark is 'What the next pass starts from: a since, a watermark, a head.';
comment on column collection_passes.started_at is 'When the running pass started.';
comment on column collection_passes.items is 'Rows of the collection that are not deleted, counted in the transactions that write them.';
comment on column collection_passes.fresh_at is 'When the last completed pass had started: what GitHub had then is mirrored.';
comment on column collection_passes.completed_at is 'When the last completed pass ended.';

create table collection_parents (
    workspace_id  uuid not null references workspaces (id),
    repository_id bigint not null,
    collection    text not null,
    parent_key    text not null,
    version       timestamptz,
    primary key (workspace_id, repository_id, collection, parent_key)
);
comment on table collection_parents is 'For collections that GitHub lists per parent item: at which version of the parent its list was read last.';
comment on column collection_parents.version is 'The parent''s updated_at when its list was read.';

-- +goose Down
drop table collection_parents;
drop table collection_passes;
