#!/bin/bash
# Runs once, on an empty data volume (docker-entrypoint-initdb.d): one role and its own databases for Billetter, one for Temporal.
# Neither is a superuser, and neither can enter the other's databases. Passwords come from the environment and appear in no command line.
set -eu
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv billetter_password BILLETTER_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD
create role billetter login password :'billetter_password';
create role temporal login password :'temporal_password';
create database billetter owner billetter;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database billetter, temporal, temporal_visibility from public;
SQL
