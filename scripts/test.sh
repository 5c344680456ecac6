#!/bin/sh
# Run the whole suite in three parts of about one length side by side: most fault tests, which mostly wait; the stories,
# in which servers, browsers and outside tools take part; and all others. A few fault tests come last in the other two.
# Each part starts servers of its own. What the first and the last say is shown when all have ended. Arguments that name
# tests are given to one pytest instead; options alone go to all.
# shellcheck disable=SC2086 # the lists are lists of words
set -eu
CDPATH= cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest

for argument; do
    case $argument in
    tests* | ./tests*) exec "$pytest" "$@" ;;
    esac
done

after_stories="tests/faults/test_embedded_killed.py tests/faults/test_killed_at_a_point.py"
after_others="tests/faults/test_starting_and_stopping.py"
elsewhere=
for file in $after_stories $after_others; do elsewhere="$elsewhere --ignore=$file"; done
others=
for folder in tests/*/; do
    case $folder in
    tests/faults/ | tests/e2e/ | tests/contract/ | tests/__pycache__/) ;;
    *) others="$others $folder" ;;
    esac
done

said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
# One cache is enough, and the stories need it.
"$pytest" -p no:cacheprovider "$@" $elsewhere tests/faults >"$said/faults" 2>&1 &
first=$!
"$pytest" -p no:cacheprovider "$@" $others $after_others >"$said/others" 2>&1 &
last=$!
trap 'kill "$first" "$last" 2>/dev/null || true; wait "$first" "$last" 2>/dev/null || true; exit 130' INT TERM

failed=0
"$pytest" "$@" tests/e2e tests/contract $after_stories || failed=$?
wait "$last" || failed=$?
cat "$said/others"
wait "$first" || failed=$?
cat "$said/faults"
exit "$failed"
