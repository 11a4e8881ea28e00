-- +goose Up
create table stargazers (
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
    user_id    bigint,
    login      text,
    starred_at timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table stargazers is 'Who has starred the repository, as far as GitHub lists them: the first 40,000.';
comment on column stargazers.key is 'The user''s id.';
comment on column stargazers.repository_id is 'GitHub''s numeric id of the repository.';
comment on column stargazers.raw is 'GitHub''s JSON as its list answers it.';
comment on column stargazers.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column stargazers.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column stargazers.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column stargazers.observed_at is 'When a pass last wrote this row.';
comment on column stargazers.changed_at is 'When hash last changed.';
comment on column stargazers.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column stargazers.starred_at is 'When the user starred it last.';

-- +goose Down
drop table stargazers;
