-- +goose Up
-- A lock that waits behind a long transaction makes everybody wait behind it. Neither
-- column rewrites its table.
set local lock_timeout = '10s';

alter table operations add column forecast jsonb;
comment on column operations.forecast is '{requests, items, seconds, done_at, …}: how much work it is and when it will be done, as estimated last. NULL: before its plan.';

alter table operation_collections add column expected_requests bigint not null default 0;
comment on column operation_collections.expected_requests is 'Estimated requests in all; 0 while unknown.';

-- +goose Down
alter table operation_collections drop column expected_requests;
alter table operations drop column forecast;
