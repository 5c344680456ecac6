#!/bin/sh
# Run the whole suite in three parts of about one length side by side: the fault tests, which mostly wait; the stories and
# others in which servers, browsers and outside tools take part; and those of single rooms. Each part starts servers of its own, which keep
# their files in memory where there is room: most of what they would do else is to wait for a disk. Arguments that name
# tests are given to one pytest instead; options alone go to all:
# --thorough adds the embedded telling of every story, the rooms of services on PostgreSQL as well as on SQLite, more
# moments at which a service is killed, all of a thousand posts, and every screen of the mails.
set -eu
CDPATH= cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest
memory=/dev/shm
enough=4000000 # kilobytes; a whole run takes less than half of it

for argument; do
    case $argument in
    tests* | ./tests*) exec "$pytest" "$@" ;;
    esac
done

if [ -w "$memory" ] && [ "$(df -Pk "$memory" | awk 'NR == 2 { print $4 }')" -gt "$enough" ]; then
    said=$(mktemp -d -p "$memory")
else
    said=$(mktemp -d)
fi
chmod 711 "$said" # PostgreSQL runs as somebody else where root runs the tests
export TMPDIR="$said"
trap 'rm -rf "$said"' EXIT
"$pytest" -p no:cacheprovider "$@" tests/faults >"$said/faults" 2>&1 &
faults=$!
# They wait for times that pass on the clock, so that they take longest: the others give way to them.
nice -n 5 "$pytest" -o cache_dir=.pytest_cache/others "$@" tests/unit tests/architecture tests/contract >"$said/others" 2>&1 &
others=$!
trap 'kill "$faults" "$others" 2>/dev/null || true; wait "$faults" "$others" 2>/dev/null || true; exit 130' INT TERM

failed=0
nice -n 5 "$pytest" "$@" tests/e2e tests/integration || failed=$?
wait "$others" || failed=$?
cat "$said/others"
wait "$faults" || failed=$?
cat "$said/faults"
exit "$failed"
