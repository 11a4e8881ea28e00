-- +goose Up
create table pull_files (
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
    pull_id           bigint,
    filename          text,
    previous_filename text,
    status            text,
    additions         bigint,
    deletions         bigint,
    changes           bigint,
    blob_sha          text,
    primary key (workspace_id, repository_id, key)
);
comment on table pull_files is 'Files that pull requests change, as far as GitHub lists them: 3,000 of each.';
comment on column pull_files.key is 'The pull request''s id, a slash, the file''s path.';
comment on column pull_files.repository_id is 'GitHub''s numeric id of the repository.';
comment on column pull_files.raw is 'GitHub''s JSON as its list answers it.';
comment on column pull_files.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column pull_files.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column pull_files.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column pull_files.observed_at is 'When a pass last wrote this row.';
comment on column pull_files.changed_at is 'When hash last changed.';
comment on column pull_files.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column pull_files.parent_key is 'Key of the pull request whose list showed it.';
comment on column pull_files.previous_filename is 'Its path before, of a renamed file.';
comment on column pull_files.blob_sha is 'Git''s name of the file''s content at the head; NULL where GitHub gives none.';

create index pull_files_parent on pull_files (parent_key, repository_id, workspace_id);

-- +goose Down
drop table pull_files;
