-- +goose Up
-- A lock that waits behind a long transaction makes everybody wait behind it.
set local lock_timeout = '10s';

alter table collection_passes
    add column listing bigint not null default 0,
    add column found_missing bigint not null default 0,
    add column found_extra bigint not null default 0,
    add column found_different bigint not null default 0;
comment on column collection_passes.repository_id is 'GitHub''s id of the repository, or of the organization for its collections.';
comment on column collection_passes.listing is 'Raised when a list is read from its beginning; listing_pages with this number belong to it.';
comment on column collection_passes.found_missing is 'Items that the running full check has found on GitHub only, which earlier passes should have brought.';
comment on column collection_passes.found_extra is 'Items that the running full check has found in the mirror only.';
comment on column collection_passes.found_different is 'Items that the running full check has found to differ.';
comment on column collection_parents.repository_id is 'GitHub''s id of the repository, or of the organization for its collections.';

create table listing_pages (
    workspace_id  uuid not null,
    repository_id bigint not null,
    collection    text not null,
    page          int not null,
    listing       bigint not null,
    url           text not null,
    etag          text not null,
    next          text not null,
    last          int not null,
    digest        bytea not null,
    keys          text[] not null,
    primary key (workspace_id, repository_id, collection, page),
    foreign key (workspace_id, repository_id, collection)
        references collection_passes (workspace_id, repository_id, collection) on delete cascade
);
comment on table listing_pages is 'The pages of each collection''s list of everything there is, as last read: what they showed, and how to ask whether they still do.';
comment on column listing_pages.page is 'Its place in the list, from 1.';
comment on column listing_pages.listing is 'collection_passes.listing when it was read, or found unchanged, last.';
comment on column listing_pages.etag is 'GitHub''s entity tag; empty where there was none.';
comment on column listing_pages.next is 'The link to the next page; empty on the last.';
comment on column listing_pages.last is 'Number of the last page as GitHub said; 0 unknown.';
comment on column listing_pages.digest is 'SHA-256 of the hashes of its items in their order. Compared with the mirror''s before "unchanged" is believed.';
comment on column listing_pages.keys is 'Keys of its items in their order.';

create table suspects (
    workspace_id  uuid not null,
    repository_id bigint not null,
    collection    text not null,
    key           text not null,
    number        bigint,
    noticed_at    timestamptz not null default now(),
    primary key (workspace_id, repository_id, collection, key),
    foreign key (workspace_id, repository_id, collection)
        references collection_passes (workspace_id, repository_id, collection) on delete cascade
);
comment on table suspects is 'Items that a whole list did not show. A second look decides whether they are deleted; no row outlives its pass.';
comment on column suspects.number is 'The item''s number where it has one.';

create table collection_checks (
    workspace_id  uuid not null,
    repository_id bigint not null,
    collection    text not null,
    started_at    timestamptz not null,
    checked_at    timestamptz not null,
    items         bigint not null,
    missing       bigint not null,
    extra         bigint not null,
    different     bigint not null,
    operation_id  uuid not null,
    primary key (workspace_id, repository_id, collection),
    foreign key (workspace_id, repository_id, collection)
        references collection_passes (workspace_id, repository_id, collection) on delete cascade
);
comment on table collection_checks is 'The last full check of each collection: when everything there is was compared with the mirror, and by how much they differed. What was found is repaired.';
comment on column collection_checks.started_at is 'When the check''s pass began.';
comment on column collection_checks.checked_at is 'When it was complete.';
comment on column collection_checks.items is 'Items in the mirror afterwards.';
comment on column collection_checks.missing is 'Items that only GitHub had, though earlier passes should have brought them.';
comment on column collection_checks.extra is 'Items that only the mirror had; they have deleted_at now.';
comment on column collection_checks.different is 'Items that differed.';

create table repository_states (
    workspace_id      uuid not null references workspaces (id),
    repository_id     bigint not null,
    full_name         text not null,
    checked_at        timestamptz not null,
    unreachable_since timestamptz,
    reason            text,
    message           text,
    last_sweep_at     timestamptz,
    sweep_due_at      timestamptz,
    primary key (workspace_id, repository_id),
    check ((unreachable_since is null) = (reason is null))
);
comment on table repository_states is 'What is known of a mirrored repository besides its content: whether GitHub still shows it, and when it was or is to be swept.';
comment on column repository_states.full_name is 'owner/name as last known.';
comment on column repository_states.checked_at is 'When GitHub was last asked for it.';
comment on column repository_states.unreachable_since is 'Since when GitHub does not show it: it was made private, deleted or blocked. The mirror is kept. NULL: it is shown.';
comment on column repository_states.reason is 'github_not_found, github_forbidden or github_blocked.';
comment on column repository_states.message is 'The reason as a sentence.';
comment on column repository_states.last_sweep_at is 'When the last complete sweep began.';
comment on column repository_states.sweep_due_at is 'When the next sweep is due, where that is sooner than its interval; NULL: by the interval.';
create index repository_states_full_name on repository_states (lower(full_name), workspace_id);

create table item_transfers (
    workspace_id  uuid not null references workspaces (id),
    repository_id bigint not null,
    collection    text not null,
    key           text not null,
    number        bigint not null,
    to_url        text not null,
    noticed_at    timestamptz not null default now(),
    primary key (workspace_id, repository_id, collection, key)
);
comment on table item_transfers is 'Items that GitHub has moved to another repository. Their rows have deleted_at.';
comment on column item_transfers.to_url is 'URL of the item where it is now, as GitHub''s API gives it.';

alter table reviews add column parent_key text;
comment on column reviews.parent_key is 'Key of the pull request whose list showed it.';
update reviews r set parent_key = p.key
from pulls p
where p.workspace_id = r.workspace_id and p.repository_id = r.repository_id and p.number = r.pull_number;
create index reviews_parent on reviews (parent_key, repository_id, workspace_id);

-- +goose Down
drop index reviews_parent;
alter table reviews drop column parent_key;
drop table item_transfers;
drop table repository_states;
drop table collection_checks;
drop table suspects;
drop table listing_pages;
alter table collection_passes
    drop column found_different,
    drop column found_extra,
    drop column found_missing,
    drop column listing;
