-- Readers of GitHub's JSON for the typed columns. None of them ever raises: what
-- cannot be read is NULL, since one odd item must not block its page.

-- +goose Up
-- +goose StatementBegin
create function github_time(value text) returns timestamptz
    language plpgsql immutable parallel safe strict as $$
begin
    -- An explicit offset is required, so the session's time zone never matters.
    if value !~ '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
        or value like '0000%' then
        return null;
    end if;
    -- A day that its month does not have. Catching the cast's error instead would
    -- need a subtransaction, which parallel plans forbid.
    if substr(value, 9, 2)::int > extract(day from make_date(substr(value, 1, 4)::int, substr(value, 6, 2)::int, 1) + interval '1 month - 1 day') then
        return null;
    end if;
    return value::timestamptz;
end
$$;
-- +goose StatementEnd
comment on function github_time(text) is 'An ISO 8601 time with an offset as timestamptz; NULL for anything else.';

create function github_bigint(value text) returns bigint
    language sql immutable parallel safe strict
    return case when value ~ '^-?\d{1,18}$' then value::bigint end;
comment on function github_bigint(text) is 'A whole number of at most 18 digits; NULL for anything else.';

create function github_bool(value text) returns boolean
    language sql immutable parallel safe strict
    return case value when 'true' then true when 'false' then false end;
comment on function github_bool(text) is 'true or false; NULL for anything else.';

create function github_texts(value jsonb, path jsonpath) returns text[]
    language sql immutable parallel safe strict
    return array(select item #>> '{}' from jsonb_path_query(value, path) as item);
comment on function github_texts(jsonb, jsonpath) is 'The values at a path as an array of text, empty when there are none. The path must be lax.';

create function github_tail(value text) returns bigint
    language sql immutable parallel safe strict
    return github_bigint(substring(value from '/(\d+)$'));
comment on function github_tail(text) is 'The number a GitHub URL ends with: 17 of …/issues/17; NULL when it ends otherwise.';

-- +goose Down
drop function github_tail(text);
drop function github_texts(jsonb, jsonpath);
drop function github_bool(text);
drop function github_bigint(text);
drop function github_time(text);
