-- +goose Up
create table workspaces (
    id         uuid primary key,
    name       text not null unique,
    created_at timestamptz not null default now()
);
comment on table workspaces is 'The unit of isolation: its connections, mirrored data and operations.';
comment on column workspaces.name is 'Short name for people; unique.';

insert into workspaces (id, name) values ('00000000-0000-7000-8000-000000000001', 'default');

-- +goose Down
drop table workspaces;
