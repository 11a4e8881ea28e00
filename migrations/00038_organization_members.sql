-- +goose Up
create table organization_members (
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
    id    bigint,
    login text,
    type  text,
    primary key (workspace_id, organization_id, key)
);
comment on table organization_members is 'Members of an organization, as far as the credential may see them.';
comment on column organization_members.key is 'The user''s id.';
comment on column organization_members.organization_id is 'GitHub''s numeric id of the organization.';
comment on column organization_members.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column organization_members.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column organization_members.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column organization_members.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column organization_members.observed_at is 'When a pass last wrote this row.';
comment on column organization_members.changed_at is 'When hash last changed.';
comment on column organization_members.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column organization_members.type is 'User or Bot.';

-- The id leads: an index that begins like the primary key would be taken for it.
create index organization_members_login on organization_members (lower(login), organization_id, workspace_id);

-- +goose Down
drop table organization_members;
