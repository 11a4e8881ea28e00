-- +goose Up
create table commits (
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
    sha             text,
    message         text,
    author_login    text,
    author_name     text,
    authored_at     timestamptz,
    committer_login text,
    committer_name  text,
    committed_at    timestamptz,
    parents         text[],
    primary key (workspace_id, repository_id, key)
);
comment on table commits is 'Commits reachable from the default branch when they were listed.';
comment on column commits.key is 'The commit''s sha.';
comment on column commits.repository_id is 'GitHub''s numeric id of the repository.';
comment on column commits.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column commits.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column commits.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column commits.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column commits.observed_at is 'When a pass last wrote this row.';
comment on column commits.changed_at is 'When hash last changed.';
comment on column commits.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column commits.author_login is 'The GitHub account that the author''s address belongs to, if any.';
comment on column commits.parents is 'Shas.';

-- +goose Down
drop table commits;
