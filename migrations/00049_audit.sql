-- +goose Up
create table audit_events (
    workspace_id uuid not null references workspaces (id),
    id           uuid not null,
    at           timestamptz not null default clock_timestamp(),
    subject      text not null,
    action       text not null,
    path         text not null,
    remote       text not null,
    request_id   text not null,
    refused      text not null default '',
    primary key (workspace_id, id)
);
comment on table audit_events is 'Who asked for which change from where, written before it is made, and who was refused. Nothing in it is ever changed.';
comment on column audit_events.id is 'UUIDv7: its order is that of the requests, to a millisecond.';
comment on column audit_events.subject is 'Of the token or key; empty where it was refused.';
comment on column audit_events.action is 'Method and route, such as POST /v1/connections/{id}/check.';
comment on column audit_events.remote is 'Address that the request came from: the proxy''s, where there is one.';
comment on column audit_events.refused is 'Why nobody was let in; empty where somebody was.';
select protect('audit_events');

create table audit_outcomes (
    workspace_id uuid not null,
    event_id     uuid not null,
    at           timestamptz not null default clock_timestamp(),
    status       int not null,
    location     text not null default '',
    primary key (workspace_id, event_id),
    foreign key (workspace_id, event_id) references audit_events (workspace_id, id)
);
comment on table audit_outcomes is 'How requests of audit_events were answered. One without an outcome may have been carried out or not: the server ended before it answered.';
comment on column audit_outcomes.status is 'HTTP status of the answer.';
comment on column audit_outcomes.location is 'What was made.';
select protect('audit_outcomes');
revoke update, delete on audit_events, audit_outcomes from holdfast_app;

-- +goose Down
drop table audit_outcomes;
drop table audit_events;
