-- +goose Up
create table change_counters (
    workspace_id uuid primary key references workspaces (id),
    seq          bigint not null default 0,
    at           timestamptz not null default now(),
    dropped      bigint not null default 0,
    reaches_to   timestamptz
);
comment on table change_counters is 'One row a workspace: numbers its changes. Its row is taken by the last statement of a page''s transaction, so the order of numbers is the order of commits.';
comment on column change_counters.seq is 'Number of the last change.';
comment on column change_counters.at is 'Time of the last change; a later one is never of an earlier time.';
comment on column change_counters.dropped is 'Changes up to this number are not kept any more.';
comment on column change_counters.reaches_to is 'Since when every change is kept. NULL: since the first.';

-- What was mirrored before has no history until now.
insert into change_counters (workspace_id, reaches_to)
select w.id, case when exists (select from collection_passes p where p.workspace_id = w.id) then now() end
from workspaces w;

create table changes (
    workspace_id  uuid not null,
    seq           bigint not null,
    at            timestamptz not null,
    repository_id bigint not null,
    collection    text not null,
    key           text not null,
    number        bigint,
    kind          text not null check (kind in ('created', 'updated', 'deleted')),
    fields        text[] not null default '{}',
    before        jsonb,
    before_bytes  bytea,
    source        text not null check (source in ('sync', 'webhook', 'sweep', 'edit')),
    operation_id  uuid,
    primary key (workspace_id, seq, at)
) partition by range (at);
comment on table changes is 'Every difference that was observed, written in the transaction that wrote the item. Numbered from 1 without a gap for each workspace; one partition a month.';
comment on column changes.seq is 'Its number; the order of numbers is the order of commits.';
comment on column changes.at is 'When it was observed, by the database''s clock; never earlier than the change before it.';
comment on column changes.repository_id is 'GitHub''s id of the repository, or of the organization for its collections.';
comment on column changes.number is 'The item''s number where it has one.';
comment on column changes.kind is 'created: the mirror had it not, or as deleted; updated; deleted.';
comment on column changes.fields is 'Names of the top-level members that differ, of an update.';
comment on column changes.before is 'The item as it was. NULL: of a created one, and where the content was purged.';
comment on column changes.before_bytes is 'The item''s exact JSON as it was, where jsonb cannot hold it.';
comment on column changes.source is 'What asked for the operation that observed it; edit: our own, a purge among them.';
comment on column changes.operation_id is 'The operation that observed it; NULL for a purge.';

-- An item's past. It leads with the key: see ARCHITECTURE.md.
create index changes_item on changes (key, repository_id, collection, workspace_id, seq);

-- Takes what no other partition holds, so that a page never fails for want of one.
create table changes_default partition of changes default;
comment on table changes_default is 'Changes of months that have no partition yet; changes_partition moves them to their own.';

-- +goose StatementBegin
create function changes_partition(month date) returns void
    language plpgsql as $$
declare
    first timestamptz := month::timestamp at time zone 'UTC';
    next  timestamptz := (month + interval '1 month') at time zone 'UTC';
    name  text := 'changes_' || to_char(month, 'YYYY_MM');
begin
    -- Attaching takes no lock that writers wait for, as creating a partition of its parent does.
    execute format('create table %I (like changes including all)', name);
    execute format('comment on table %I is %L', name, 'Changes of ' || to_char(month, 'YYYY-MM') || ', UTC.');
    lock table changes in share update exclusive mode;
    lock table changes_default in access exclusive mode;
    execute format('with moved as (delete from changes_default where at >= %L and at < %L returning *) insert into %I select * from moved', first, next, name);
    execute format('alter table changes attach partition %I for values from (%L) to (%L)', name, first, next);
end
$$;
-- +goose StatementEnd
comment on function changes_partition(date) is 'Makes the partition of changes for the month that begins on that day, UTC.';

-- +goose StatementBegin
create function changes_drop(until timestamptz) returns int
    language plpgsql as $$
declare
    p       record;
    dropped int := 0;
begin
    for p in
        select c.relname as name, (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' as ends
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'changes'::regclass and c.relname ~ '^changes_\d{4}_\d{2}$'
        order by 1
    loop
        continue when p.ends > until;
        -- Nobody writes or reads any of it until both are done: a reader never misses what it was not told of.
        lock table changes in access exclusive mode;
        execute format('update change_counters c set dropped = d.seq, reaches_to = %L
            from (select k.workspace_id, (select max(seq) from %I m where m.workspace_id = k.workspace_id) as seq from change_counters k) d
            where d.workspace_id = c.workspace_id and d.seq > c.dropped', p.ends, p.name);
        execute format('drop table %I', p.name);
        dropped := dropped + 1;
    end loop;
    if exists (select from changes_default where at < until) then
        lock table changes in access exclusive mode;
        update change_counters c set dropped = d.seq, reaches_to = until
        from (select k.workspace_id, (select max(m.seq) from changes_default m where m.workspace_id = k.workspace_id and m.at < until) as seq from change_counters k) d
        where d.workspace_id = c.workspace_id and d.seq > c.dropped;
        delete from changes_default where at < until;
    end if;
    return dropped;
end
$$;
-- +goose StatementEnd
comment on function changes_drop(timestamptz) is 'Drops the partitions of changes that end at or before that time, and tells how many.';

select changes_partition((date_trunc('month', now() at time zone 'UTC') + n * interval '1 month')::date) from generate_series(0, 3) as n;

-- +goose Down
drop table changes;
drop function changes_drop(timestamptz);
drop function changes_partition(date);
drop table change_counters;
