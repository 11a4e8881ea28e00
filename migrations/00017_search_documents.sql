-- +goose Up
create table search_documents (
    workspace_id  uuid not null,
    repository_id bigint not null,
    collection    text not null,
    key           text not null,
    document      tsvector not null,
    changed_at    timestamptz not null,
    primary key (workspace_id, repository_id, collection, key)
);
comment on table search_documents is 'Search vectors of titles and bodies, in a table of their own so that pages commit without waiting for them. Filled at the end of each pass.';
comment on column search_documents.changed_at is 'The item''s changed_at when its vector was made.';

create index search_documents_document on search_documents using gin (document);

-- +goose Down
drop table search_documents;
