-- +goose Up
create table pulls (
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
    id                 bigint,
    number             bigint,
    title              text,
    body               text,
    state              text,
    draft              boolean,
    locked             boolean,
    user_login         text,
    user_id            bigint,
    assignees          text[],
    labels             text[],
    milestone_number   bigint,
    head_ref           text,
    head_sha           text,
    head_repository_id bigint,
    base_ref           text,
    base_sha           text,
    merge_commit_sha   text,
    merged_at          timestamptz,
    closed_at          timestamptz,
    created_at         timestamptz,
    updated_at         timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table pulls is 'Pull requests in the shape of their list.';
comment on column pulls.key is 'The pull request''s id.';
comment on column pulls.repository_id is 'GitHub''s numeric id of the repository.';
comment on column pulls.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column pulls.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column pulls.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column pulls.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column pulls.observed_at is 'When a pass last wrote this row.';
comment on column pulls.changed_at is 'When hash last changed.';
comment on column pulls.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column pulls.state is 'open or closed; merged_at tells merged.';
comment on column pulls.assignees is 'Logins.';
comment on column pulls.labels is 'Names.';
comment on column pulls.head_repository_id is 'NULL when the fork is gone.';

-- The number leads: an index that begins like the primary key would be taken for it
-- while a first pass fills the table and there are no statistics yet.
create index pulls_number on pulls (number, repository_id, workspace_id);

-- +goose Down
drop table pulls;
