#!/bin/sh
# Brings the schemas of Temporal's two databases up to this release's. Safe to run
# again: what is current stays. Runs in temporalio/admin-tools, which reads the server
# and the credentials from SQL_*.
set -eu
for database in temporal temporal_visibility; do
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema \
    -d "/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned"
done
