#!/usr/bin/env bash
# Speed and memory beside the bare crates and beside Python, in one run on one machine: only the ratios mean anything.
#   tests/bench/run.sh [RECORDS] [RUNS]
set -euo pipefail
cd "$(dirname "$0")/../.."
records=${1:-50000}
runs=${2:-3}
features=(--no-default-features --features system-crypto)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cargo build --quiet --profile measured "${features[@]}" --bin tessera --example generate --example bare
tessera=$PWD/target/measured/tessera
bare=$PWD/target/measured/examples/bare
generate=$PWD/target/measured/examples/generate
python3 -c 'import lxml, openpyxl' 2>/dev/null || {
    python3 -m venv "$folder/python" && "$folder/python/bin/pip" install --quiet lxml openpyxl
    PATH=$folder/python/bin:$PATH
}

"$tessera" --quiet init "$folder/office" --authority lincolnshire >/dev/null
cd "$folder/office"
"$generate" --layout xml --records "$records" --out forms.xml
"$generate" --layout long --records "$records" --out forms.csv
"$generate" --layout wide --container xlsx --records "$((records / 5))" --out forms.xlsx

# Median seconds and peak memory in MB of a command.
measure() {
    local times=() peak=0
    for _ in $(seq "$runs"); do
        local line
        line=$(python3 - "$@" <<'PY'
import resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
took = time.perf_counter() - began
if done.returncode not in (0, 3):
    sys.exit(done.stderr.decode())
print(f"{took:.3f} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}")
PY
)
        times+=("${line% *}")
        peak=${line#* }
    done
    printf '%s %s\n' "$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p")" "$peak"
}

# A row of the table: tessera's speed as a share of another's (above 1 is quicker than the other).
row() {
    local name=$1 ours=$2 other=$3
    python3 -c "
name, ours, other = '''$name''', '''$ours'''.split(), '''$other'''.split()
print(f'{name:46} {float(ours[0]):8.2f} s {ours[1]:>5} MB   {float(other[0]):8.2f} s {other[1]:>5} MB   {float(other[0]) / float(ours[0]):6.2f} x')"
}

printf '%s\n' "$records submissions, median of $runs; the last column is the other time over tessera's"
printf '%-46s %10s %8s   %10s %8s   %8s\n' '' tessera memory other memory ratio
xml=$(measure "$tessera" import forms.xml --dry-run --json)
row 'XML through its mapping, to bare quick-xml' "$xml" "$(measure "$bare" xml forms.xml)"
row 'XML through its mapping, to lxml' "$xml" "$(measure python3 "$OLDPWD/tests/bench/peers.py" xml forms.xml)"
long=$(measure "$tessera" import forms.csv --dry-run --json)
row 'long CSV through its mapping, to bare csv' "$long" "$(measure "$bare" csv forms.csv)"
row 'long CSV through its mapping, to csv of Python' "$long" "$(measure python3 "$OLDPWD/tests/bench/peers.py" csv forms.csv)"
wide=$(measure "$tessera" import forms.xlsx --dry-run --json)
row 'wide XLSX through its mapping, to bare calamine' "$wide" "$(measure "$bare" xlsx forms.xlsx)"
row 'wide XLSX through its mapping, to openpyxl' "$wide" "$(measure python3 "$OLDPWD/tests/bench/peers.py" xlsx forms.xlsx)"

runs=1
first=$(measure "$tessera" import forms.xml --json)
again=$(measure "$tessera" import forms.xml --json)
row 'import into the ledger again, to the first time' "$again" "$first"
"$tessera" import forms.xml >/dev/null
touch -d '1 hour ago' forms.xml
sed 's/<MosaicForms /<MosaicForms exportedOn="later" /' forms.xml >later.xml
unchanged=$(measure "$tessera" import later.xml --json)
row 'a new file that says the same, to the first time' "$unchanged" "$first"
