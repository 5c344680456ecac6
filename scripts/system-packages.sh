#!/bin/sh
# See that the servers which the tests start for themselves are installed: RabbitMQ 3.10 or newer and
# PostgreSQL (initdb, postgres, pgbench). Installs what is missing where it may, and says so.
# KEYTALK_TEST_AMQP_URI and KEYTALK_TEST_DATABASE_URL name running servers instead; --own-servers
# takes no notice of them. Without it Chromium is installed too, Dovecot (an IMAP server that answers by
# mail are read from, 8 MB), and calendar programs that our feeds are read with (10 MB, under half a minute);
# where that cannot be, those tests are left out and say why.
set -eu
CDPATH= cd "$(dirname "$0")/.."
. scripts/apt.sh

own_servers=no
[ "${1:-}" != --own-servers ] || own_servers=yes

rabbitmq_versions() {
    for folder in /usr/lib/rabbitmq/lib/rabbitmq_server-*; do
        [ -x "$folder/sbin/rabbitmq-server" ] && echo "${folder##*/rabbitmq_server-}"
    done
    return 0
}

has_rabbitmq() {
    command -v epmd >/dev/null 2>&1 || return 1
    newest=$(rabbitmq_versions | sort -V | tail -n 1)
    [ -n "$newest" ] && [ "$(printf '3.10\n%s\n' "$newest" | sort -V | head -n 1)" = 3.10 ]
}

has_postgresql() {
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ -x "$folder/pgbench" ] && return 0
    done
    command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1 && command -v pgbench >/dev/null 2>&1
}

is_given() { [ "$own_servers" = no ] && [ -n "$1" ]; }

list_missing() {
    is_given "${KEYTALK_TEST_AMQP_URI:-}" || has_rabbitmq || echo rabbitmq-server
    is_given "${KEYTALK_TEST_DATABASE_URL:-}" || has_postgresql || echo postgresql
}

explain() {
    {
        echo "These are missing, and this user may not install them: $*"
        echo "Install them:"
        echo "    sudo apt-get install --no-install-recommends $*"
        if [ "$own_servers" = no ]; then
            echo "or point the tests at running servers (RabbitMQ 3.10 or newer, PostgreSQL 14 or newer):"
            echo "    KEYTALK_TEST_AMQP_URI=amqp://USER:PASSWORD@HOST:5672/VHOST"
            echo "    KEYTALK_TEST_DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/   (a user who may create databases)"
        fi
    } >&2
}

offer_browser() {
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 && return 0
    if may_install && install_packages chromium; then return 0; fi
    echo "Chromium is not installed, so the browser tests will be skipped: sudo apt-get install chromium" >&2
}

offer_mailbox() {
    [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ] && return 0
    if may_install && install_packages dovecot-imapd; then
        keep_from_starting dovecot.service dovecot.socket
        return 0
    fi
    echo "Dovecot is not installed, so the tests of answers by mail on a real mailbox will be skipped:" \
        "sudo apt-get install --no-install-recommends dovecot-imapd" >&2
}

# keep_from_starting UNIT...: the tests start their own; nothing is to start with the machine because of them.
keep_from_starting() {
    [ -d /run/systemd/system ] || return 0
    for unit in "$@"; do
        $as_root systemctl disable --quiet "$unit" 2>/dev/null || true
    done
}

offer_calendars() {
    for tool in khal vdirsyncer calcurse; do
        command -v "$tool" >/dev/null 2>&1 || set -- "$@" "$tool"
    done
    ls /usr/lib/*/libical.so.3 >/dev/null 2>&1 || set -- "$@" libical3
    [ $# -gt 0 ] || return 0
    if may_install && install_packages "$@"; then return 0; fi
    echo "Not installed, so some tests of calendars will be skipped: sudo apt-get install $*" >&2
}

[ "$own_servers" = yes ] || { offer_browser; offer_mailbox; offer_calendars; }

missing=$(list_missing | tr '\n' ' ')
[ -n "$missing" ] || exit 0

if ! may_install; then
    explain $missing
    exit 1
fi
install_packages $missing

for package in $missing; do
    keep_from_starting "$package.service"
done

missing=$(list_missing | tr '\n' ' ')
if [ -n "$missing" ]; then
    echo "Installed, but still not usable here (RabbitMQ must be 3.10 or newer): $missing" >&2
    explain $missing
    exit 1
fi
