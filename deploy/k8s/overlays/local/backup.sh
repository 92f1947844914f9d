#!/bin/bash
# Dumps each database into a folder of this moment, which appears whole; the last 14 stay.
set -euo pipefail
for _ in $(seq 60); do pg_isready --quiet && break; sleep 1; done  # policies let a new pod through a moment after its start
moment=$(date -u +%Y%m%dT%H%M%SZ)
made=/backups/.$moment
mkdir "$made"
for database in gateway singo twuin; do
  pg_dump --format=custom --file="$made/$database.dump" "$database"
done
mv "$made" "/backups/$moment"
find /backups -mindepth 1 -maxdepth 1 -type d -name '2*Z' | sort | head -n -14 | xargs -r rm -r
echo "kept $moment: $(du -sh "/backups/$moment" | cut -f1)"
