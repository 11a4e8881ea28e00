-- +goose Up
create table teams (
    workspace_id    uuid not null,
    organization_id bigint not null,
    key             text not null,
    raw             jsonb not null,
    raw_bytes       bytea,
    hash            bytea not null,
    raw_hash        bytea not null,
    observed_at     timestamptz not null,
    changed_at      timestamptz not null,
    deleted_at      timestamptz,
    id          bigint,
    name        text,
    slug        text,
    description text,
    privacy     text,
    permission  text,
    parent_id   bigint,
    primary key (workspace_id, organization_id, key)
);
comment on table teams is 'Teams of an organization, as far as the credential may see them.';
comment on column teams.key is 'The team''s id.';
comment on column teams.organization_id is 'GitHub''s numeric id of the organization.';
comment on column teams.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column teams.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column teams.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column teams.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column teams.observed_at is 'When a pass last wrote this row.';
comment on column teams.changed_at is 'When hash last changed.';
comment on column teams.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column teams.slug is 'Its name in URLs.';
comment on column teams.privacy is 'closed: every member sees it; secret: only its own.';
comment on column teams.parent_id is 'Id of the team that it is a part of.';

-- +goose Down
drop table teams;
