-- +goose Up
create table connections (
    id               text primary key,
    workspace_id     uuid not null references workspaces (id),
    name             text not null,
    kind             text not null check (kind in ('token', 'app', 'anonymous')),
    source           text not null check (source in ('api', 'environment')),
    base_url         text not null,
    repositories     text[] not null default '{}',
    app_id           bigint not null default 0,
    installation_id  bigint not null default 0,
    reserve_percent  double precision not null default 0 check (reserve_percent between 0 and 100),
    reserve_requests bigint not null default 0 check (reserve_requests >= 0),
    in_flight        int not null default 0 check (in_flight between 0 and 100),
    hook             text not null default '',
    account          text not null default '',
    login            text not null default '',
    state            text not null default 'unchecked' check (state in ('ok', 'unchecked', 'refused', 'disabled')),
    state_reason     text not null default '',
    state_since      timestamptz not null default now(),
    checked_at       timestamptz,
    looked_at        timestamptz,
    fingerprint      bytea,
    version          bigint not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    unique (workspace_id, name),
    check ((kind = 'app') = (app_id > 0 and installation_id > 0))
);
comment on table connections is 'GitHub credentials of workspaces. What they keep secret is in connection_secrets.';
comment on column connections.id is 'A UUID; default for the one that the environment of the workers describes.';
comment on column connections.source is 'api: made through the API; environment: by the workers'' environment, which holds its secrets.';
comment on column connections.repositories is 'Patterns owner/name of the repositories that it is meant for; none: all.';
comment on column connections.in_flight is 'Requests at once; 0: the default.';
comment on column connections.hook is 'Path of the webhook in GitHub''s API, such as orgs/octo/hooks/1; empty: none.';
comment on column connections.account is 'What GitHub''s limits are counted on, such as user:1@api.github.com; empty until GitHub has said who it is.';
comment on column connections.state_reason is 'Why it is in this state, for people.';
comment on column connections.checked_at is 'When GitHub last said whether it accepts the credential.';
comment on column connections.looked_at is 'When a process last took it on itself to try a refused credential again.';
comment on column connections.fingerprint is 'Tells whether the environment''s token is another one; of others NULL.';
comment on column connections.version is 'Raised with each change of what a user decides.';

create table connection_secrets (
    connection_id text not null references connections (id) on delete cascade,
    field         text not null check (field in ('token', 'private_key', 'webhook_secret', 'previous_webhook_secret')),
    sealed        bytea not null,
    key_id        bigint not null,
    primary key (connection_id, field)
);
comment on table connection_secrets is 'What connections keep secret, encrypted with HOLDFAST_SECRETS_KEYSET and bound to its connection and field.';
comment on column connection_secrets.key_id is 'The key of the keyset that it was encrypted with.';

create table connection_tokens (
    connection_id text primary key references connections (id) on delete cascade,
    sealed        bytea,
    expires_at    timestamptz
);
comment on table connection_tokens is 'Installation tokens of GitHub Apps, encrypted, which all workers share. The row is locked by whoever renews it.';
comment on column connection_tokens.sealed is 'NULL: there is none yet, or GitHub did not accept the last one.';

-- +goose Down
drop table connection_tokens;
drop table connection_secrets;
drop table connections;
