-- +goose Up
-- The last row is found by the primary key. That there is none of the last second, only by
-- all of the operation's rows, of which a long one has thousands.
-- +goose StatementBegin
create or replace function feed_operation_event() returns trigger
    language plpgsql as $$
begin
    -- The operation's row is locked: nobody else feeds of it meanwhile.
    if new.type = 'state' or new.data ->> 'state' <> 'running' or coalesce((
        select at from operation_feed
        where workspace_id = new.workspace_id and operation_id = new.operation_id
        order by seq desc
        limit 1
    ) < now() - interval '1 second', true) then
        insert into operation_feed (workspace_id, operation_id, seq) values (new.workspace_id, new.operation_id, new.seq) on conflict do nothing;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
create or replace function feed_operation_event() returns trigger
    language plpgsql as $$
begin
    -- The operation's row is locked: nobody else feeds of it meanwhile.
    if new.type = 'state' or new.data ->> 'state' <> 'running' or not exists (
        select from operation_feed
        where workspace_id = new.workspace_id and operation_id = new.operation_id and at > now() - interval '1 second'
    ) then
        insert into operation_feed (workspace_id, operation_id, seq) values (new.workspace_id, new.operation_id, new.seq) on conflict do nothing;
    end if;
    return null;
end
$$;
-- +goose StatementEnd
