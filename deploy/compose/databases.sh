#!/bin/bash
# Run once by the PostgreSQL image: for each service a database, a role that owns its tables, and one that uses them.
set -eu
for service in gateway singo twuin; do
  password="${service^^}_DATABASE_PASSWORD" owner_password="${service^^}_OWNER_PASSWORD"
  psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -v name="$service" -v owner="${service}_owner" \
    -v owner_password="${!owner_password}" -v password="${!password}" <<'SQL'
create role :"owner" login password :'owner_password';
create role :"name" login password :'password';
create database :"name" owner :"owner";
revoke connect on database :"name" from public;
grant connect on database :"name" to :"name";
SQL
  psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$service" -v name="$service" -v owner="${service}_owner" <<'SQL'
alter default privileges for role :"owner" in schema public grant select, insert, update, delete on tables to :"name";
alter default privileges for role :"owner" in schema public grant usage, select on sequences to :"name";
grant create, usage on schema public to :"owner";
SQL
done
