-- +goose Up
create table milestones (
    workspace_id  uuid not null,
    repository_id bigint not null,
    key           text not null,
    raw           jsonb not null,
    raw_bytes     bytea,
    hash          bytea not null,
    raw_hash      bytea not null,
    observed_at   timestamptz not null,
    changed_at    timestamptz not null,
    deleted_at    timestamptz,
    id            bigint,
    number        bigint,
    title         text,
    state         text,
    description   text,
    creator_login text,
    open_issues   bigint,
    closed_issues bigint,
    due_on        timestamptz,
    closed_at     timestamptz,
    created_at    timestamptz,
    updated_at    timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table milestones is 'Milestones, open and closed.';
comment on column milestones.key is 'The milestone''s id.';
comment on column milestones.repository_id is 'GitHub''s numeric id of the repository.';
comment on column milestones.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column milestones.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column milestones.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column milestones.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column milestones.observed_at is 'When a pass last wrote this row.';
comment on column milestones.changed_at is 'When hash last changed.';
comment on column milestones.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column milestones.state is 'open or closed.';

-- +goose Down
drop table milestones;
