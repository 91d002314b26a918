#!/usr/bin/env bash
# From a fresh clone to a machine that can work: what `make` calls before every job.
#
#   ./setup.sh python     .venv from the hash-pinned lock, and the project in it
#   ./setup.sh lab        the same, then Docker Engine and Compose where none answers
#   ./setup.sh test       the same, then what only tests need: Chromium, promtool, amtool, logrotate, rsyslogd, wrk
#
# A call that finds everything in place returns in well under a second. Exit codes: 0 ready, 3 this machine lacks
# something that cannot be installed (checked before anything is made), 2 an unknown word, 1 a stage failed.
# (`make` itself turns every code into 2 and says "Error 3".)
# shellcheck disable=SC2329  # functions that only `stage` and `trap` call
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

goal=${1:-lab}
python=python3.11
logs=.lab/logs
times=.lab/setup-times.tsv
# what an editable install copies or reads once; everything else is read from this folder each time
project_files=(pyproject.toml runbook_lib/jupyter/prefix/etc/jupyter/*/*.json runbook_lib/jupyter/prefix/share/jupyter/lab/settings/*.json)
child=
images=

root() { [ "$(id -u)" -eq 0 ]; }
# a system on which root can install what is missing
debian() { root && command -v apt-get >/dev/null && grep -Eq '^ID=(debian|ubuntu)$' /etc/os-release; }
engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
compose_answers() { [[ $(timeout 20 docker compose version --short 2>/dev/null) =~ ^v?([2-9]|[1-9][0-9])[.] ]]; }
can_make_venv() { command -v "$python" >/dev/null && "$python" -c 'import ensurepip, venv' 2>/dev/null; }
digest() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }
stamped() { [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$2" ]; }

missing() {
    can_make_venv || stamped packages "$(digest requirements.lock)" || debian ||
        echo "Python 3.11 with its venv module (Debian: apt-get install python3.11-venv)"
    [ "$goal" = python ] || engine_answers || debian ||
        echo "a Docker Engine that answers to you (Debian: apt-get install docker.io, and membership in the group docker)"
    [ "$goal" = python ] || compose_answers || debian ||
        echo "Docker Compose v2 ('docker compose version' should answer)"
}

refuse_where_something_is_missing() {
    local lacks
    lacks=$(missing)
    [ -z "$lacks" ] && return
    {
        echo "This machine is not ready, and this user cannot make it so. What is needed:"
        printf '%s\n' "$lacks" | sed 's/^/  - /'
        echo "Install it, or run the same command as root on Debian 12: as root everything is installed automatically."
        echo "Nothing was installed or changed."
    } >&2
    exit 3
}

# what a stage is doing right now: the last line of its log, or for pip the count of packages
now() {
    local log=$1 fetched
    fetched=$(grep -Ec '^(Collecting|Processing) ' "$log" 2>/dev/null || true)
    if grep -q '^Installing collected' "$log" 2>/dev/null; then
        echo "unpacking"
    elif [ "${fetched:-0}" -gt 0 ]; then
        echo "$fetched of $(grep -c '^[a-z0-9].*==' requirements.lock) fetched"
    else
        tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-70
    fi
}

fail() {
    local title=$1 log=$2
    [ -z "$images" ] || kill "$images" 2>/dev/null || true
    printf '\n%s failed. The last lines of it:\n\n' "$title" >&2
    tail -n 30 "$log" >&2
    printf '\nWhole log: %s\n' "$log" >&2
    exit 1
}

# stage NAME TITLE COMMAND…: run with the output in a log, show title, progress and seconds, remember the seconds
stage() {
    local name=$1 title=$2 log=$logs/setup-$1.log started=$SECONDS shown=0 status=0
    shift 2
    mkdir -p "$logs"
    [ -t 1 ] || echo "    $title …"
    "$@" >"$log" 2>&1 </dev/null &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        if [ -t 1 ]; then
            printf '\r\033[K    %s  %d s  %s' "$title" $((SECONDS - started)) "$(now "$log")"
        elif [ $((SECONDS - started - shown)) -ge 10 ]; then
            shown=$((SECONDS - started))
            echo "      $shown s  $(now "$log")"
        fi
        sleep 0.2
    done
    wait "$child" || status=$?
    child=
    [ -t 1 ] && printf '\r\033[K'
    [ $status -eq 0 ] || fail "$title" "$log"
    remember "$name" "$title" $((SECONDS - started))
}

remember() {
    mkdir -p .lab
    printf '%s\t%s\t%d\n' "$1" "$2" "$3" >>"$times"
    echo "  ✓ $2  $3 s"
}

stop() {
    local process
    for process in $child $images; do kill "$process" 2>/dev/null || true; done
    printf '\nStopped. Run the same command again: it goes on where this left off.\n' >&2
    exit 130
}

install_debian() {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# Programs without their packages' services: rsyslog would take over this machine's own log
unpack_debian() {
    local folder=.lab/test-tools package
    rm -rf "$folder.new" && mkdir -p "$folder.new"
    (cd "$folder.new" && { apt-get download -q "$@" || { apt-get update -q && apt-get download -q "$@"; }; })
    for package in "$folder.new"/*.deb; do
        dpkg -x "$package" "$folder.new"
        rm -f "$package"
    done
    rm -rf "$folder" && mv "$folder.new" "$folder"
}

make_venv() {
    rm -rf .venv
    "$python" -m venv .venv
}

install_packages() {
    # wheels only: nothing is compiled here, and no package's own build code runs
    .venv/bin/python -m pip install --disable-pip-version-check --no-compile --progress-bar off \
        --require-hashes --no-deps --only-binary :all: -r requirements.lock
    .venv/bin/python -m pip check
    # once and on all cores: where PYTHONDONTWRITEBYTECODE is set, every run would compile them again, for 3 s
    .venv/bin/python -m compileall -q -j 0 .venv/lib || true
    digest requirements.lock >.venv/stamp-packages
}

install_project() {
    .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-index --no-build-isolation -e .
    .venv/bin/python -m compileall -q runbook_lib lab
    digest "${project_files[@]}" >.venv/stamp-project
}

set_up_python() {
    .venv/bin/python -c '' 2>/dev/null || stage venv "Virtual environment .venv" make_venv
    stamped packages "$(digest requirements.lock)" ||
        stage packages "Python packages, hashes checked" install_packages
    stamped project "$(digest "${project_files[@]}")" || stage project "This project in .venv" install_project
}

set_up_engine() {
    engine_answers && compose_answers && return
    local started=$SECONDS
    # needs nothing but the standard library, so it can refuse before .venv is made
    "$python" -m lab engine
    remember engine "Docker Engine and Compose" $((SECONDS - started))
}

# on a machine that has nothing yet, images are built while packages are fetched; neither needs the other
begin_images() {
    ! stamped packages "$(digest requirements.lock)" || return 0
    mkdir -p "$logs"
    "$python" -m lab images --build-only >"$logs/images.log" 2>&1 </dev/null &
    images=$!
}

await_images() {
    [ -n "$images" ] || return 0
    stage images "Images of the lab, begun with the above" tail --pid="$images" -n +1 -f "$logs/images.log"
    wait "$images" || fail "Images of the lab" "$logs/images.log"
    images=
}

set_up_test_tools() {
    local wanted=()
    command -v chromium >/dev/null || wanted+=(chromium)
    command -v promtool >/dev/null || wanted+=(prometheus)
    command -v amtool >/dev/null || wanted+=(prometheus-alertmanager)
    if debian && { [ -z "$(find .lab/test-tools/usr -name lmnsd_gtls.so 2>/dev/null)" ] || [ ! -x .lab/test-tools/usr/bin/wrk ]; }; then
        stage unpacked-tools "logrotate, rsyslog and wrk for tests, not installed" unpack_debian logrotate libpopt0 \
            rsyslog rsyslog-relp rsyslog-gnutls libestr0 libfastjson4 liblognorm5 librelp0 wrk libluajit-5.1-2 libluajit-5.1-common
    fi
    [ ${#wanted[@]} -eq 0 ] && return
    if debian; then
        stage test-tools "Debian packages for tests: ${wanted[*]}" install_debian "${wanted[@]}"
    else
        echo "  ! not installed: ${wanted[*]} (needs root); the tests that use them say that they are skipped"
    fi
}

case $goal in
    python | lab | test) ;;
    *) echo "There is no set-up named '$goal': use python, lab or test." >&2 && exit 2 ;;
esac
trap stop INT TERM
refuse_where_something_is_missing
[ -d .lab ] && rm -f "$times"
can_make_venv || stamped packages "$(digest requirements.lock)" ||
    stage venv-package "Debian package python3.11-venv" install_debian python3.11-venv
[ "$goal" = python ] || { set_up_engine && begin_images; }
set_up_python
[ "$goal" != test ] || set_up_test_tools
await_images
