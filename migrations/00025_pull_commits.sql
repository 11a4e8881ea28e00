-- +goose Up
create table pull_commits (
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
    parent_key    text not null,
    pull_id         bigint,
    sha             text,
    message         text,
    author_login    text,
    author_name     text,
    authored_at     timestamptz,
    committer_login text,
    committed_at    timestamptz,
    parents         text[],
    primary key (workspace_id, repository_id, key)
);
comment on table pull_commits is 'Commits of pull requests, as far as GitHub lists them: 250 of each.';
comment on column pull_commits.key is 'The pull request''s id, a slash, the commit''s sha.';
comment on column pull_commits.repository_id is 'GitHub''s numeric id of the repository.';
comment on column pull_commits.raw is 'GitHub''s JSON as its list answers it.';
comment on column pull_commits.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column pull_commits.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column pull_commits.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column pull_commits.observed_at is 'When a pass last wrote this row.';
comment on column pull_commits.changed_at is 'When hash last changed.';
comment on column pull_commits.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column pull_commits.parent_key is 'Key of the pull request whose list showed it.';
comment on column pull_commits.parents is 'Shas of its parents.';

create index pull_commits_parent on pull_commits (parent_key, repository_id, workspace_id);
create index pull_commits_sha on pull_commits (sha, repository_id, workspace_id);

-- +goose Down
drop table pull_commits;
