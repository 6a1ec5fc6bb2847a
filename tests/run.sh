#!/usr/bin/env bash
# Every test, on a fresh Debian or Ubuntu with a Rust toolchain and the network to package registries.
# What is missing is installed. A lane that cannot run fails; none is skipped in silence.
set -euo pipefail
cd "$(dirname "$0")/.."

# The tests use the system's libcrypto, which is quicker to build; the first command of the README builds its own.
features=(--no-default-features --features system-crypto)

lane() {
    local name=$1
    shift
    printf '\n=== %s\n' "$name"
    local began=$SECONDS
    "$@"
    printf -- '--- %s: %d s\n' "$name" "$((SECONDS - began))"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    local missing=()
    command -v cc >/dev/null || missing+=(build-essential)
    command -v make >/dev/null || missing+=(make)
    command -v perl >/dev/null || missing+=(perl)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    [ -e /usr/include/openssl/evp.h ] || missing+=(libssl-dev)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    # The tests have it open tessera's workbooks, and read what it has written.
    command -v soffice >/dev/null || missing+=(libreoffice-writer-nogui libreoffice-calc-nogui)
    # What a page costs is counted by the calls that it makes.
    command -v strace >/dev/null || missing+=(strace)
    # The pages are tried in a real browser.
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing+=(chromium)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "installing ${missing[*]}"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    fi
}

install_tools() {
    if command -v rustup >/dev/null; then rustup component add rustfmt clippy >/dev/null 2>&1; fi
    command -v cargo-nextest >/dev/null || cargo install --quiet --locked cargo-nextest
    command -v cargo-deny >/dev/null || cargo install --quiet --locked cargo-deny
}

# Known weaknesses of dependencies: the list lies on a host of its own, so that it is asked for by name.
advisories() {
    if [ "${TESSERA_ADVISORIES:-0}" = 1 ]; then cargo deny --config .cargo/deny.toml check advisories; fi
}

# The first command of the README, twice, in a copy of the samples: the second time nothing has changed.
rehearsal() {
    local copy
    copy=$(mktemp -d)
    cp -r samples "$copy/samples"
    rm -rf "$copy/samples/state"
    cargo run --quiet --release "${features[@]}" -- sync --rehearse --config "$copy/samples/tessera.toml"
    cargo run --quiet --release "${features[@]}" -- sync --rehearse --config "$copy/samples/tessera.toml" | tee "$copy/second"
    grep -q 'nothing has changed since the last time' "$copy/second"
    grep -q ' 0 sent with a receipt' "$copy/second"
    rm -rf "$copy"
}

# Every panel's sittings and cutoffs, worked out by another language with other libraries: its tables are those that
# the tests hold the binary to, and they still follow from the profiles.
calendar() {
    local venv=target/calendar-venv
    # One that was left half made is made anew.
    [ -x "$venv/bin/pip" ] || python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/calendar/requirements.txt
    "$venv/bin/python" tests/calendar/independent.py --check tests/calendar/sittings.tsv
    "$venv/bin/python" tests/calendar/independent.py --mappings tests/calendar/exercise --check tests/calendar/exercise.tsv
    "$venv/bin/python" tests/calendar/independent.py --deadlines --check tests/calendar/deadlines.tsv
    "$venv/bin/python" tests/calendar/independent.py --duties --check tests/calendar/duties.tsv
}

# A workbook as another program opens and saves it, for the tests to load.
openpyxl() {
    local venv=target/outcomes-venv
    [ -x "$venv/bin/pip" ] || python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/outcomes/requirements.txt
}

# A real mail server on loopback, for the tests to have reminders sent to: it starts and takes an e-mail.
reminders() {
    local venv=target/reminders-venv
    [ -x "$venv/bin/pip" ] || python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/reminders/requirements.txt
    "$venv/bin/python" tests/reminders/alive.py
}

# Every page and every task in Chromium, with a script and without, by pointer and by keyboard.
pages() {
    cargo build --quiet "${features[@]}"
    npm ci --prefix tests/browser --no-audit --no-fund --loglevel=error
    node --test --test-concurrency=2 tests/browser/*.test.mjs
}

lane 'packages' install_packages
lane 'tools' install_tools
lane 'format' cargo fmt --check
lane 'clippy' cargo clippy --all-targets "${features[@]}" -- -D warnings
lane 'documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps "${features[@]}"
lane 'licences, bans, sources' cargo deny --config .cargo/deny.toml check licenses bans sources
lane 'advisories (with TESSERA_ADVISORIES=1)' advisories
lane 'rehearsal' rehearsal
lane 'calendar' calendar
lane 'openpyxl' openpyxl
lane 'mail server' reminders
lane 'mapping files' cargo run --quiet --release "${features[@]}" -- mappings verify
lane 'pages in Chromium' pages

# Last, so that the test runner has the closing line.
printf '\n=== tests\n'
exec cargo nextest run "${features[@]}" --no-fail-fast
