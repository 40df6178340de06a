#!/bin/sh
# One-shot job (temporalio/admin-tools): makes Temporal's two schemas, or brings them up to the server's version. Safe to repeat.
# Runs before the server of a newer version starts. SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD are temporal-sql-tool's own variables.
set -eu
schema=/etc/temporal/schema/postgresql/v12

for pair in temporal:temporal temporal_visibility:visibility; do
  export SQL_DATABASE="${pair%%:*}"
  temporal-sql-tool setup-schema -v 0.0
  temporal-sql-tool update-schema -d "$schema/${pair##*:}/versioned"
  echo "schema of $SQL_DATABASE is current"
done
