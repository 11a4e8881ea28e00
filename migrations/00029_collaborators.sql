-- +goose Up
create table collaborators (
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
    user_id        bigint,
    login          text,
    type           text,
    role_name      text,
    can_push       boolean,
    can_administer boolean,
    primary key (workspace_id, repository_id, key)
);
comment on table collaborators is 'Users who have a role in the repository. Empty where the credential may not see them.';
comment on column collaborators.key is 'The user''s id.';
comment on column collaborators.repository_id is 'GitHub''s numeric id of the repository.';
comment on column collaborators.raw is 'GitHub''s JSON as its list answers it.';
comment on column collaborators.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column collaborators.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column collaborators.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column collaborators.observed_at is 'When a pass last wrote this row.';
comment on column collaborators.changed_at is 'When hash last changed.';
comment on column collaborators.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column collaborators.role_name is 'The highest role from all sources: read, triage, write, maintain, admin, or an organization''s own.';

-- +goose Down
drop table collaborators;
