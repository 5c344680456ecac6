#!/bin/sh
# Run the whole suite in four parts side by side: the fault tests, which mostly wait; the stories, in which servers and
# browsers take part; the tests of parts together; and those of single parts. Each starts servers of its own. Arguments
# that name tests are given to one pytest instead; options alone go to all:
# --thorough adds the embedded telling of every story and every screen of the mails.
set -eu
CDPATH= cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest

for argument; do
    case $argument in
    tests* | ./tests*) exec "$pytest" "$@" ;;
    esac
done

said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
# One cache is enough, and the stories need it.
"$pytest" -p no:cacheprovider "$@" tests/faults >"$said/faults" 2>&1 &
faults=$!
"$pytest" -p no:cacheprovider "$@" tests/unit >"$said/units" 2>&1 &
units=$!
"$pytest" -p no:cacheprovider "$@" tests/architecture tests/contract tests/integration >"$said/together" 2>&1 &
together=$!
trap 'kill "$faults" "$units" "$together" 2>/dev/null || true; wait "$faults" "$units" "$together" 2>/dev/null || true; exit 130' INT TERM

failed=0
"$pytest" "$@" tests/e2e || failed=$?
wait "$together" || failed=$?
cat "$said/together"
wait "$units" || failed=$?
cat "$said/units"
wait "$faults" || failed=$?
cat "$said/faults"
exit "$failed"
