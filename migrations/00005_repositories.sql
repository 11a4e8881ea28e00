-- +goose Up
create table repositories (
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
    name              text,
    owner_login       text,
    full_name         text,
    private           boolean,
    fork              boolean,
    archived          boolean,
    visibility        text,
    default_branch    text,
    description       text,
    language          text,
    topics            text[],
    stargazers_count  bigint,
    forks_count       bigint,
    open_issues_count bigint,
    pushed_at         timestamptz,
    created_at        timestamptz,
    updated_at        timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table repositories is 'GitHub repositories.';
comment on column repositories.key is 'GitHub''s id in decimal.';
comment on column repositories.repository_id is 'GitHub''s numeric id of the repository.';
comment on column repositories.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column repositories.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column repositories.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column repositories.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column repositories.observed_at is 'When a pass last wrote this row.';
comment on column repositories.changed_at is 'When hash last changed.';
comment on column repositories.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column repositories.full_name is 'owner/name as GitHub last said.';
comment on column repositories.open_issues_count is 'Open issues and pull requests together, as GitHub counts.';

create index repositories_full_name on repositories (workspace_id, lower(full_name));

-- +goose Down
drop table repositories;
