#!/bin/sh
# Run the whole suite: the fault tests, which mostly wait, beside all others. Each half starts servers of its own.
# What the fault tests say is shown when both have ended. Arguments that name tests are given to one pytest instead;
# options alone go to both.
set -eu
CDPATH= cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest

for argument; do
    case $argument in
    tests* | ./tests*) exec "$pytest" "$@" ;;
    esac
done

said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$pytest" -p no:cacheprovider "$@" tests/faults >"$said" 2>&1 &
faults=$!
trap 'kill "$faults" 2>/dev/null || true; wait "$faults" 2>/dev/null || true; exit 130' INT TERM

failed=0
"$pytest" "$@" --ignore=tests/faults || failed=$?
wait "$faults" || failed=$?
cat "$said"
exit "$failed"
