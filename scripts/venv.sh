#!/bin/sh
# Bring .venv up to a level: app (to run), dev (to check and test too), bench (the peers too), or
# bare (a virtual environment alone, for `make lock`). Does nothing when it is there already.
set -eu
CDPATH= cd "$(dirname "$0")/.."
. scripts/apt.sh

level=${1:?usage: scripts/venv.sh app|dev|bench|bare}
case $level in
    app) contains="app" ;;
    dev) contains="app dev" ;;
    bench) contains="app dev bench" ;;
    bare) contains="" ;;
    *) echo "scripts/venv.sh knows app, dev, bench and bare, not '$level'." >&2; exit 2 ;;
esac

# Two of these at once would install over each other.
if command -v flock >/dev/null 2>&1; then
    exec 9<Makefile
    flock 9 || true
fi

# The folder counts too: the commands in .venv/bin hold its path.
fingerprint=$({ pwd -P; cat requirements/*.txt pyproject.toml; } | sha256sum | cut -d ' ' -f 1)

is_whole() { [ -x .venv/bin/python ] && [ -x .venv/bin/pip ] && .venv/bin/python -c '' 2>/dev/null; }
is_here() { grep -qF "$(pwd -P)/.venv/" .venv/bin/pip; }
is_current() { [ "$(cat ".venv/.stamp-$level" 2>/dev/null)" = "$fingerprint" ] && is_whole; }

if [ "$level" != bare ] && is_current; then
    exit 0
fi

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# The first Python that is new enough, preferring one that can make a virtual environment already.
find_python() {
    found=""
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        is_new_enough "$candidate" || continue
        if can_make_venv "$candidate"; then
            echo "$candidate"
            return
        fi
        found=${found:-$candidate}
    done
    echo "$found"
}

install_venv_package() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if may_install && install_packages "$package" && can_make_venv "$1"; then
        return
    fi
    {
        echo "This Python cannot make a virtual environment: $1"
        echo "Install the package that lets it, then run make again:"
        echo "    sudo apt-get install $package"
    } >&2
    exit 1
}

create_venv() {
    python=$(find_python)
    if [ -z "$python" ]; then
        {
            echo "Keytalk needs Python 3.11 or newer, and none was found. Install these packages, then run make again:"
            echo "    sudo apt-get install python3 python3-venv"
            echo "Or name one: make run PYTHON=/path/to/python3.12"
        } >&2
        exit 1
    fi
    can_make_venv "$python" || install_venv_package "$python"
    echo "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

is_whole && is_here || create_venv
[ "$level" != bare ] || exit 0

rm -f .venv/.stamp-*
echo "Installing the locked dependencies (requirements/$level.txt)"
pip() { .venv/bin/python -m pip -qq --no-input --disable-pip-version-check "$@"; }
pip install --require-hashes -r "requirements/$level.txt"
pip install --no-deps --no-build-isolation -e .

for part in $contains; do
    echo "$fingerprint" >".venv/.stamp-$part"
done
