#!/bin/sh
# Run once by the postgres image, on a new volume: a database and a user for each service, who owns it and may open
# no other.
set -eu

# An alphanumeric password needs no escaping in the addresses that carry it.
create() {
    psql --quiet --set ON_ERROR_STOP=1 --set name="keytalk_$1" --set password="$2" \
        --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

create enquiries "$ENQUIRIES_DB_PASSWORD"
create scheduling "$SCHEDULING_DB_PASSWORD"
create notifications "$NOTIFICATIONS_DB_PASSWORD"
create ops "$OPS_DB_PASSWORD"
