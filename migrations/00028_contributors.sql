-- +goose Up
create table contributors (
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
    user_id       bigint,
    login         text,
    type          text,
    contributions bigint,
    primary key (workspace_id, repository_id, key)
);
comment on table contributors is 'Users who authored commits of the default branch, as far as GitHub links addresses to users: the first 500.';
comment on column contributors.key is 'The user''s id.';
comment on column contributors.repository_id is 'GitHub''s numeric id of the repository.';
comment on column contributors.raw is 'GitHub''s JSON as its list answers it.';
comment on column contributors.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column contributors.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column contributors.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column contributors.observed_at is 'When a pass last wrote this row.';
comment on column contributors.changed_at is 'When hash last changed.';
comment on column contributors.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column contributors.contributions is 'Number of commits as GitHub last counted them, which may be hours old.';

-- +goose Down
drop table contributors;
