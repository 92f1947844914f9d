#!/bin/bash
# Restores the newest backup into databases of their own, says how many rows came back, and drops them.
set -euo pipefail
export PGOPTIONS='--client-min-messages=warning'
for _ in $(seq 60); do pg_isready --quiet && break; sleep 1; done  # policies let a new pod through a moment after its start
newest=$(find /backups -mindepth 1 -maxdepth 1 -type d -name '2*Z' | sort | tail -n 1)
[ -n "$newest" ] || { echo "there is no backup" >&2; exit 1; }
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" --command "$2"; }
rows="select coalesce(sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', schemaname, tablename), false, true, '')))[1]::text::bigint), 0) from pg_tables where schemaname = 'public'"
for database in gateway singo twuin; do
  drill=${database}_drill
  ask postgres "drop database if exists $drill with (force)"
  ask postgres "create database $drill template template0 owner ${database}_owner"
  pg_restore --exit-on-error --dbname "$drill" "$newest/$database.dump"
  came_back=$(ask "$drill" "$rows") version=$(ask "$drill" "select version_num from alembic_version")
  ask postgres "drop database $drill with (force)"
  [ "$version" = "$(ask "$database" "select version_num from alembic_version")" ] || { echo "$database: the backup is of another version" >&2; exit 1; }
  [ "$came_back" -gt 0 ] || { echo "$database: nothing came back" >&2; exit 1; }
  echo "$database: $came_back rows came back at version $version"
done
