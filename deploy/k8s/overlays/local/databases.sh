#!/bin/bash
# One database a service; one role owns its tables, another one works with them.
set -euo pipefail
for service in gateway singo twuin; do
  owner_password="${service^^}_OWNER_PASSWORD" password="${service^^}_PASSWORD"
  psql --username postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set service="$service" --set owner="${service}_owner" \
    --set password="${!password}" --set owner_password="${!owner_password}" <<'SQL'
create role :"owner" login password :'owner_password';
create role :"service" login password :'password';
create database :"service" owner :"owner";
revoke connect, temporary on database :"service" from public;
grant connect, temporary on database :"service" to :"service";
\connect :"service"
alter default privileges for role :"owner" in schema public grant select, insert, update, delete on tables to :"service";
alter default privileges for role :"owner" in schema public grant usage, select on sequences to :"service";
SQL
done
