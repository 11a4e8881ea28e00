-- +goose Up
create table purges (
    workspace_id  uuid not null references workspaces (id),
    repository_id bigint not null,
    collection    text not null,
    key           text not null,
    field         text not null,
    number        bigint,
    mention       text not null,
    purged_at     timestamptz not null default now(),
    purged_by     text not null,
    primary key (workspace_id, repository_id, collection, key, field)
);
comment on table purges is 'What was erased for good, without its content. Pages apply it to what they bring, so that it does not come back.';
comment on column purges.field is 'The member that is null from then on, or the path to it; empty: the whole item.';
comment on column purges.number is 'The item''s number where it has one.';
comment on column purges.mention is 'What identifies the item in a webhook''s payload. A delivery whose payload holds it is kept without it.';
comment on column purges.purged_by is 'Subject of the token that asked for it first.';

-- +goose Down
drop table purges;
