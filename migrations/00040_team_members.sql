-- +goose Up
create table team_members (
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
    parent_key      text not null,
    team_id bigint,
    user_id bigint,
    login   text,
    type    text,
    primary key (workspace_id, organization_id, key)
);
comment on table team_members is 'Who is in which team of an organization; a member of a child team is in its parents as well.';
comment on column team_members.key is 'The team''s id, a slash, the user''s id.';
comment on column team_members.organization_id is 'GitHub''s numeric id of the organization.';
comment on column team_members.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column team_members.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column team_members.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column team_members.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column team_members.observed_at is 'When a pass last wrote this row.';
comment on column team_members.changed_at is 'When hash last changed.';
comment on column team_members.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column team_members.parent_key is 'Key of the team whose list showed it.';

create index team_members_parent on team_members (parent_key, organization_id, workspace_id);
create index team_members_user on team_members (user_id, organization_id, workspace_id);

-- +goose Down
drop table team_members;
