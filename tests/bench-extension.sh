#!/bin/bash
# How long a call of CloudStack's extension takes, process start and TLS with the bridge included, beside a .NET program that does
# nothing and is published in the same way. The last line is one line of JSON.
# usage: tests/bench-extension.sh [CALLS]      (default 50; make bench-extension builds what it needs first)
set -euo pipefail
cd "$(dirname "$0")/.."

calls=${1:-50}
extension=$PWD/bin/extension/fabric-network-extension
bridge=$PWD/bin/fabric-cloudstack-bridge
work=$(mktemp -d)
bridge_pid=
finish() {
  [[ -z $bridge_pid ]] || kill "$bridge_pid" 2>/dev/null || true
  [[ -z $bridge_pid ]] || wait "$bridge_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

mkdir "$work/empty"
cat >"$work/empty/empty.csproj" <<'X'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType><InvariantGlobalization>true</InvariantGlobalization>
    <TieredPGO>false</TieredPGO><ConcurrentGarbageCollection>false</ConcurrentGarbageCollection>
    <PublishSingleFile>true</PublishSingleFile><PublishReadyToRun>true</PublishReadyToRun><PublishTrimmed>true</PublishTrimmed>
  </PropertyGroup>
</Project>
X
echo 'return 0;' >"$work/empty/Program.cs"
dotnet publish "$work/empty" -c Release -r linux-x64 --self-contained -o "$work/out" -v quiet --nologo

# The command that CloudStack runs before each other one needs no controller.
mkdir "$work/data"
echo unused >"$work/token"
token=$("$bridge" extension-token set bench --data-dir "$work/data")
"$bridge" --data-dir "$work/data" --controller http://127.0.0.1:9 --token-file "$work/token" --listen 127.0.0.1:0 >"$work/out.log" 2>"$work/err.log" &
bridge_pid=$!
for _ in $(seq 200); do
  grep -q ' ready ' "$work/out.log" && break
  kill -0 "$bridge_pid" 2>/dev/null || { cat "$work/err.log" >&2; exit 1; }
  read -rt 0.1 <> <(:) || true
done
url=$(sed -n 's/.* ready //p' "$work/out.log")
[[ -n $url ]] || { echo 'bench-extension: the bridge does not come up' >&2; exit 1; }
cat >"$work/payload" <<X
{"physical-network-extension-details": {"url": "$url", "token": "$token", "ca": "$work/data/ca.crt"}, "network-extension-details": {},
 "payload": {"network_id": "241", "vlan": "10241", "zone_id": "1", "guest_type": "isolated", "network_state": "implementing", "gateway": "10.1.1.1",
             "cidr": "10.1.1.0/24", "current_details": "{}"}}
X

# Milliseconds of each of many runs, sorted.
measure() {
  local i before after
  for ((i = 0; i < calls + 3; i++)); do
    before=$EPOCHREALTIME
    "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
    after=$EPOCHREALTIME
    # The first ones fill the page cache.
    ((i < 3)) || echo $(((${after/[.,]/} - ${before/[.,]/})))
  done | sort -n
}
at() { sed -n "$((($1 * calls + 99) / 100))p" | awk '{ printf "%.1f", $1 / 1000 }'; }

measure "$work/out/empty" >"$work/empty.us"
measure "$extension" ensure-network-device "$work/payload" 60 >"$work/call.us"
printf '%-34s %8s %8s %8s\n' 'ms of a process' p50 p90 p100
for row in 'empty .NET program:empty' 'extension, with TLS to the bridge:call'; do
  printf '%-34s %8s %8s %8s\n' "${row%:*}" "$(at 50 <"$work/${row#*:}.us")" "$(at 90 <"$work/${row#*:}.us")" "$(at 100 <"$work/${row#*:}.us")"
done
printf '{"calls":%d,"empty_ms_p50":%s,"call_ms_p50":%s,"call_ms_p90":%s,"call_ms_max":%s,"file_mb":%d}\n' "$calls" "$(at 50 <"$work/empty.us")" "$(at 50 <"$work/call.us")" \
  "$(at 90 <"$work/call.us")" "$(at 100 <"$work/call.us")" "$(($(stat -c %s "$extension") >> 20))"
