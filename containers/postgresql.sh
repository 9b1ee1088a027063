#!/bin/sh
# Makes Lockstep's two logins and its database; PostgreSQL's image runs it once, on empty storage.
#
# `lockstep` serves: it owns nothing and may create nothing, so row-level security binds it.
# `lockstep_migrate` owns the database and may create roles; only `lockstep migrate` uses it.
set -eu
export SECRETS="${SECRETS:-/run/secrets}"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set serving `cat "$SECRETS/postgresql_serving_password"`
\set migrating `cat "$SECRETS/postgresql_migrating_password"`
CREATE ROLE lockstep LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'serving';
CREATE ROLE lockstep_migrate LOGIN NOSUPERUSER CREATEROLE NOBYPASSRLS PASSWORD :'migrating';
CREATE DATABASE lockstep OWNER lockstep_migrate TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
REVOKE ALL ON DATABASE lockstep FROM PUBLIC;
GRANT CONNECT ON DATABASE lockstep TO lockstep;
SQL
