-- +goose Up
create table deliveries (
    workspace_id    uuid not null references workspaces (id),
    guid            text not null,
    connection      text not null,
    event           text not null,
    action          text not null,
    repository_id   bigint,
    repository      text not null,
    organization_id bigint,
    organization    text not null,
    collections     text[] not null,
    items           jsonb not null,
    payload         bytea not null,
    state           text not null check (state in ('pending', 'processed', 'left', 'ignored')),
    operation_id    uuid,
    looks           int not null default 0,
    look_at         timestamptz not null default now(),
    received_at     timestamptz not null default now(),
    announced_at    timestamptz,
    finished_at     timestamptz,
    primary key (workspace_id, guid),
    check ((finished_at is not null) = (state <> 'pending'))
);
comment on table deliveries is 'Webhook deliveries from GitHub. Their payloads are never mirrored: they nominate collections for a pass.';
comment on column deliveries.guid is 'X-GitHub-Delivery: one event for one hook. A redelivery has the same.';
comment on column deliveries.connection is 'The name in the path that it was sent to.';
comment on column deliveries.event is 'X-GitHub-Event, such as issues.';
comment on column deliveries.action is 'The payload''s action, such as opened; empty where the event has none.';
comment on column deliveries.repository is 'owner/name when it was sent; empty where it is about no repository.';
comment on column deliveries.organization is 'The organization''s login when it was sent; empty where it is about none.';
comment on column deliveries.collections is 'The collections that the event nominates for a pass.';
comment on column deliveries.items is '[{collection, key, updated_at}]: what the mirror has to show, at least as new, before the delivery counts as processed.';
comment on column deliveries.payload is 'The JSON as GitHub sent it, byte for byte.';
comment on column deliveries.state is 'pending: to be worked; processed: the mirror shows it; left: GitHub kept answering an older state, the next sweep settles it; ignored: nothing that is mirrored is concerned.';
comment on column deliveries.operation_id is 'The last pass that was made for it.';
comment on column deliveries.looks is 'Passes after which the mirror was still older than items says.';
comment on column deliveries.look_at is 'When the next pass may be made for it.';
comment on column deliveries.announced_at is 'When the repository''s watch was last told of it; NULL: not yet.';
comment on column deliveries.finished_at is 'When it left the state pending.';

-- What a watch claims and the picker looks for: few rows at any time.
create index deliveries_pending on deliveries (repository_id, workspace_id) where state = 'pending';
create index deliveries_pass on deliveries (operation_id) where state = 'pending';
-- What the retention deletes.
create index deliveries_finished on deliveries (finished_at) where finished_at is not null;

create table delivery_looks (
    workspace_id uuid not null references workspaces (id),
    connection   text not null,
    hook         text not null,
    looked_at    timestamptz not null,
    primary key (workspace_id, connection, hook)
);
comment on table delivery_looks is 'When the deliveries of a hook were last listed at GitHub, by GitHub''s clock: what failed before then was asked for again.';
comment on column delivery_looks.hook is 'The hook''s path in GitHub''s API, such as orgs/octo/hooks/1.';

-- +goose Down
drop table delivery_looks;
drop table deliveries;
