#!/bin/sh
# Write requirements/{app,dev,bench}.txt from their .in files, with hashes, for every platform and
# every Python from 3.11 on. Arguments (such as --upgrade) go to uv.
set -eu
CDPATH= cd "$(dirname "$0")/.."
uv_version=0.9.5

scripts/venv.sh bare
.venv/bin/python -m pip -qq --no-input --disable-pip-version-check install "uv==$uv_version"

compile() {
    name=$1
    shift
    echo "Locking requirements/$name.txt"
    .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --quiet \
        --output-file "requirements/$name.txt" "requirements/$name.in" "$@"
}

compile app "$@"
# The larger sets must agree with the smaller ones: they are installed into the same .venv.
compile dev --constraints requirements/app.txt "$@"
compile bench --constraints requirements/dev.txt "$@"

if grep -nE '^ *(-i|--index-url|--extra-index-url|-f|--find-links)|://' requirements/*.txt; then
    echo "An address got into a lock file; it must not hold one." >&2
    exit 1
fi
