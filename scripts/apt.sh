# Installing Debian packages where that is allowed. Sourced by the other scripts, not run.

as_root=""

# Succeeds when this user may install packages without being asked anything; sets $as_root.
may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" -eq 0 ]; then
        as_root=""
        return 0
    fi
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || return 1
    as_root="sudo -n"
}

# apt_get ARGUMENT...: quiet and without questions; what apt said is shown only when it fails.
apt_get() {
    said=$(mktemp)
    if $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@" >"$said" 2>&1 </dev/null; then
        rm -f "$said"
        return 0
    fi
    cat "$said" >&2
    rm -f "$said"
    return 1
}

# install_packages PACKAGE...: no package so installed starts a service now.
install_packages() (
    echo "Installing with apt-get: $*"
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # Debian asks this file before it starts a service; 101 means "not now".
        trap '$as_root rm -f "$policy"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
    fi
    # A list that cannot be refreshed may still be good enough to install from.
    apt_get update || echo "apt-get update did not succeed; trying with the lists at hand." >&2
    apt_get install --no-install-recommends "$@" || exit 1
)
