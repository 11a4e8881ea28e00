-- +goose Up
-- A lock that waits behind a long transaction makes everybody wait behind it. The column
-- does not rewrite the table.
set local lock_timeout = '10s';

alter table connection_tokens add column leased_until timestamptz;
comment on column connection_tokens.leased_until is 'Until when one process asks GitHub for another token, and nobody else does; NULL: none asks.';
comment on table connection_tokens is 'Installation tokens of GitHub Apps, encrypted, which all workers share.';

-- +goose Down
comment on table connection_tokens is 'Installation tokens of GitHub Apps, encrypted, which all workers share. The row is locked by whoever renews it.';
alter table connection_tokens drop column leased_until;
