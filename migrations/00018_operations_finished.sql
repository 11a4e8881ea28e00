-- Built without holding up writes, which a transaction cannot do. An attempt that was
-- interrupted leaves an index that is not valid: it is made anew.
-- +goose NO TRANSACTION
-- +goose Up
drop index concurrently if exists operations_finished;
create index concurrently operations_finished on operations (finished_at) where finished_at is not null;
comment on index operations_finished is 'For counting those that ended lately, whose share of all of them gets smaller and smaller.';

-- +goose Down
drop index concurrently if exists operations_finished;
