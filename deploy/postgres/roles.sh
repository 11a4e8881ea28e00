#!/bin/sh
# Makes one role and its databases for Holdfast and one for Temporal, so that neither
# can read or change the other's and none is a superuser. postgres:15 runs it once,
# when the data directory is made; a script that is not executable it would take
# into its own shell.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv holdfast_password HOLDFAST_POSTGRES_PASSWORD
\getenv temporal_password TEMPORAL_POSTGRES_PASSWORD
-- What the API and the workers become, and what may look across workspaces. Without
-- inheritance the owner of the tables sees no more by itself than they do.
create role holdfast_app;
create role holdfast_across;
create role holdfast login noinherit password :'holdfast_password' in role holdfast_app, holdfast_across;
create role temporal login password :'temporal_password';
create database holdfast owner holdfast;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect, temporary on database holdfast, temporal, temporal_visibility, postgres from public;
\connect holdfast
alter schema public owner to holdfast;
SQL
