#!/bin/sh
# Run the service's tests on a PostgreSQL of their own (Debian's package), then stop it.
#
#   tests/service/serve/with_postgres.sh [pytest arguments]
#
# The server lives in a new folder, listens on a socket in it and on no port.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -z "$bin" ]; then
    echo "No PostgreSQL server found; on Debian: apt-get install postgresql" >&2
    exit 1
fi
folder=$(mktemp -d /tmp/streetwarden-pg.XXXXXX)
run() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    chown postgres "$folder"
    run() { runuser -u postgres -- "$@"; }
fi
stop() {
    run "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT INT TERM
run "$bin/initdb" -D "$folder/data" -A trust -U streetwarden -E UTF8 --locale=C.UTF-8 \
    >/dev/null
run "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start -o \
    "-k $folder -c listen_addresses='' -c fsync=off -c max_connections=200" >/dev/null
# Pages, logging in, what goes outward, files and words are the same on any database:
# the run on SQLite tells of them.
for name in city_day console console_in_browser deeds deploy desk generated_client \
    json_words lifecycle lived_time methods misspelt mqtt office oidc openapi plates \
    resumed_delivery silent_senders storage throttle trouble trust uploads worktime; do
    set -- "$@" "--ignore=tests/service/serve/test_$name.py"
done
STREETWARDEN_TEST_POSTGRES="postgresql+psycopg://streetwarden@/postgres?host=$folder" \
    "${PYTHON:-python}" -m pytest tests/service/serve "$@"
