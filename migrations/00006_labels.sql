-- +goose Up
create table labels (
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
    id          bigint,
    name        text,
    color       text,
    description text,
    is_default  boolean,
    primary key (workspace_id, repository_id, key)
);
comment on table labels is 'Labels of a repository.';
comment on column labels.key is 'The label''s id.';
comment on column labels.repository_id is 'GitHub''s numeric id of the repository.';
comment on column labels.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column labels.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column labels.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column labels.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column labels.observed_at is 'When a pass last wrote this row.';
comment on column labels.changed_at is 'When hash last changed.';
comment on column labels.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column labels.color is 'Six hexadecimal digits without #.';

-- +goose Down
drop table labels;
