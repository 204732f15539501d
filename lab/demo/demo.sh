#!/bin/bash
# From nothing to packets: raises the reference fabric, starts fabricd, asks for two VPCs with the same addresses, starts VMs
# and proves what reaches what. The last line is one line of JSON; everything stays up until 'demo.sh down'.
# usage: lab/demo/demo.sh up|down
# environment: DEMO_NAME  name of the lab (demo)
#              DEMO_DIR   where fabricd's data and logs go (artifacts/demo)
#              DEMO_PORT  port of the API (8443, or the next one that is free)
set -euo pipefail
cd "$(dirname "$0")/../.."
if ((EUID != 0)) && [[ ${1-} == up || ${1-} == down ]]; then
  # Programs are built as the user; only the lab needs root.
  [[ $1 == down ]] || make build
  exec sudo -E env "PATH=$PATH" "DOTNET_ROOT=${DOTNET_ROOT-}" "$0" "$@"
fi

lab=${DEMO_NAME:-demo}
dir=$(realpath -m "${DEMO_DIR:-artifacts/demo}")
example=docs/examples/two-vpcs.yaml
pid_file=$dir/fabricd.pid

# --- what is shown --------------------------------------------------------------------------------------------------

bold='' dim='' green='' red='' off=''
if [[ -t 1 ]]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' off=$'\e[0m'; fi
steps=()
ok=true

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

record() { # NAME OK MS NOTE
  steps+=("{\"name\":\"$1\",\"ok\":$2,\"ms\":$3}")
  local mark="${green}ok  $off"
  [[ $2 == true ]] || mark="${red}FAIL$off"
  printf '  %s  %-28s %8s s  %s%s%s\n' "$mark" "$1" "$(awk -v ms="$3" 'BEGIN { printf "%.2f", ms / 1000 }')" "$dim" "$4" "$off"
}

# What steps tell those after them.
api='' facts='' call_ms='' first_ping_ms='' note=''
keep() {
  local name
  for name in api facts call_ms first_ping_ms note; do printf '%s=%q\n' "$name" "${!name}"; done >"$dir/log/kept"
}

# step NAME FUNCTION: runs one step; the first command in it that fails ends it. Its output goes to a log; what it puts into
# $note is shown.
step() {
  local name=$1 log=$dir/log/$1.log begin code
  [[ $ok == true ]] || return 0
  note=''
  begin=$(now_ms)
  set +e
  (
    trap keep EXIT
    set -e
    "$2"
  ) >"$log" 2>&1
  code=$?
  set -e
  # shellcheck disable=SC1091
  . "$dir/log/kept"
  if ((code == 0)); then
    record "$name" true $(($(now_ms) - begin)) "$note"
  else
    ok=false
    record "$name" false $(($(now_ms) - begin)) "${note:-see $log}"
    tail -n 15 "$log" | sed 's/^/        /'
  fi
}

finish() {
  local list
  list=$(IFS=,; echo "${steps[*]-}")
  printf '{"ok":%s,"api":"%s","ca":"%s","token_file":"%s","steps":[%s]}\n' "$ok" "$api" "$dir/data/ca.crt" "$dir/data/admin.token" "$list"
  [[ $ok == true ]]
}

# --- tools ----------------------------------------------------------------------------------------------------------

ctl() { FABRIC_SERVER=$api FABRIC_TOKEN_FILE=$dir/data/admin.token FABRIC_CA=$dir/data/ca.crt bin/fabricctl "$@"; }
fabric_lab() { bin/fabric-lab "$@" --name "$lab"; }
in_node() { lab/exec --name "$lab" "$@"; }

# within SECONDS WHAT COMMAND...: tries until the command succeeds.
within() {
  local deadline=$(($(now_ms) + $1 * 1000)) what=$2
  shift 2
  until "$@"; do
    if (($(now_ms) >= deadline)); then
      note="${note:-$what: not within time}"
      echo "$what: not within time"
      return 1
    fi
    sleep 0.1
  done
}

# The process of our fabricd, if it runs: by its pid and what it executes, since pids are given again.
fabricd_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ && $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *"--data-dir $dir/data "* ]] || return 1
  echo "$pid"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

down() {
  local pid
  if pid=$(fabricd_pid); then
    kill -TERM "$pid" 2>/dev/null || true
    within 15 'fabricd ends' gone "$pid" >/dev/null || kill -KILL "$pid" 2>/dev/null || true
    echo "fabricd has ended (pid $pid)"
  fi
  if [[ -x bin/fabric-lab ]]; then fabric_lab down; fi
  if [[ -d $dir ]]; then
    rm -rf "$dir"
    echo "$dir is removed"
  fi
}

# --- steps ----------------------------------------------------------------------------------------------------------

packages() {
  lab/install-packages.sh build lab
  note='FRR, OpenSSH, tools'
}

build() {
  make build
  note='bin/fabricd, bin/fabricctl, bin/fabric-lab'
}

lab_up() {
  fabric_lab up --topology lab/topologies/reference.yaml
  facts=${FABRIC_LAB_STATE:-/run/fabric-lab}/$lab/lab.json
  note=$(jq -r '"\([.devices[] | select(.managed)] | length) devices with FRR and sshd, management network \(.oob_prefix)"' "$facts")
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

fabricd_answers() {
  kill -0 "$1" 2>/dev/null || { note="fabricd has ended; see $dir/fabricd.log"; tail -n 20 "$dir/fabricd.log"; exit 1; }
  [[ -s $dir/data/admin.token && -s $dir/data/ca.crt ]] && ctl status >/dev/null
}

fabricd_start() {
  local port=${DEMO_PORT:-8443} pid
  if [[ -z ${DEMO_PORT-} ]]; then
    while ! port_is_free "$port"; do port=$((port + 1)); done
  fi
  api=https://127.0.0.1:$port
  mkdir -p "$dir/data"
  setsid bin/fabricd --data-dir "$dir/data" --listen "127.0.0.1:$port" --ssh-key "$(jq -r .ssh_key "$facts")" >"$dir/fabricd.log" 2>&1 </dev/null &
  pid=$!
  disown "$pid"
  echo "$pid" >"$pid_file"
  within 30 'fabricd answers' fabricd_answers "$pid"
  note="$api, SQLite, pid $pid"
}

register_devices() {
  fabric_lab inventory >"$dir/inventory.yaml"
  ctl apply -f "$dir/inventory.yaml" --reason 'demo: register the devices of the topology'
  note="$(grep -c '^kind: Device' "$dir/inventory.yaml") devices, $(grep -c '^kind: Link' "$dir/inventory.yaml") links"
}

all_up() {
  ctl status -o json >"$dir/status.json" &&
    jq -e '(.controller.devices | length > 0 and all(.ready | ascii_downcase == "true")) and (.sessions | length > 0 and all(.state | ascii_downcase == "established"))' "$dir/status.json" >/dev/null
}

fabric_ready() {
  if ! within 60 'all devices ready and BGP sessions up' all_up; then
    ctl status
    return 1
  fi
  note=$(jq -r '"\(.controller.devices | length) devices ready, \(.sessions | length) EVPN sessions to the spines"' "$dir/status.json")
}

apply_vpcs() {
  call_ms=$(now_ms)
  ctl apply -f "$example" --reason 'demo: two VPCs with the same addresses' --wait=30s
  note="VPCs red and blue, both 10.0.1.0/24, in force on both hypervisors"
}

# name hypervisor VNI address MAC; blue3's address is in VPC blue only.
vms='red1  hypervisor1 1000001 10.0.1.11 02:00:00:00:01:11
red2  hypervisor2 1000001 10.0.1.12 02:00:00:00:01:12
blue1 hypervisor1 1000002 10.0.1.11 02:00:00:00:02:11
blue2 hypervisor2 1000002 10.0.1.12 02:00:00:00:02:12
blue3 hypervisor2 1000002 10.0.1.13 02:00:00:00:02:13'

vms_start() {
  local name host vni ip mac
  while read -r name host vni ip mac; do
    fabric_lab vm add "$name" --host "$host" --vni "$vni" --ip "$ip/24" --mac "$mac" </dev/null
  done <<<"$vms"
  note='red1 blue1 on hypervisor1, red2 blue2 blue3 on hypervisor2'
}

pings() { in_node "$1" ping -c 1 -W 1 "$2"; }

# Whom a VM has reached at an address, by the MAC address that answered.
reached() { in_node "$1" ip -j neigh show "$2" | jq -r '.[0].lladdr // "nobody"'; }

mac_of() { awk -v name="$1" '$1 == name { print $5 }' <<<"$vms"; }

ping_inside() {
  within 30 'red1 reaches red2' pings red1 10.0.1.12
  first_ping_ms=$(now_ms)
  within 30 'blue1 reaches blue2' pings blue1 10.0.1.12
  [[ $(reached red1 10.0.1.12) == $(mac_of red2) ]] || { note='red1 was answered by somebody else'; return 1; }
  [[ $(reached blue1 10.0.1.12) == $(mac_of blue2) ]] || { note='blue1 was answered by somebody else'; return 1; }
  note='10.0.1.11 -> 10.0.1.12 in both VPCs, each answered by its own VM'
}

isolation() {
  within 30 'blue1 reaches blue3' pings blue1 10.0.1.13
  if in_node red1 ping -c 3 -i 0.2 -W 1 10.0.1.13; then
    note='red1 reaches blue3: the VPCs are not apart'
    return 1
  fi
  [[ $(reached red1 10.0.1.13) == nobody ]] || { note='red1 has learned the MAC address of a VM of VPC blue'; return 1; }
  pings red1 10.0.1.12
  note='10.0.1.13 answers in VPC blue and not in VPC red'
}

routes_complete() {
  local name host vni ip mac
  ctl evpn routes -o json >"$dir/routes.json" || return 1
  while read -r name host vni ip mac; do
    jq -e --arg mac "$mac" --argjson vni "$vni" --arg host "$host" \
      '[.items[] | select(.type == 2 and .mac == $mac)] | length > 0 and all(.vni == $vni and .device == $host)' "$dir/routes.json" >/dev/null || {
      echo "no route for $name: MAC $mac, VNI $vni, $host"
      return 1
    }
  done <<<"$vms"
}

evpn_routes() {
  within 20 'every VM has a type-2 route from its own hypervisor' routes_complete
  note="$(jq '.items | length' "$dir/routes.json") routes; each VM's MAC comes from its own hypervisor's VTEP"
}

device_commands() {
  local device count names=''
  for device in $(jq -r '.devices[] | select(.managed) | .name' "$facts"); do
    ctl describe device "$device" -o json >"$dir/device-$device.json"
    count=$(jq '[.applies[] | select(.outcome == "confirmed") | .commands | length] | add // 0' "$dir/device-$device.json")
    ((count > 0)) || { note="$device was told nothing"; return 1; }
    names+="${names:+, }$device $count"
  done
  note=$names
}

show_results() {
  local device
  printf '\n%sWho is where (EVPN routes as fabricd has them from the spines)%s\n' "$bold" "$off"
  ctl evpn routes | sed 's/^/  /'
  printf '\n%sWhat the VPCs made of the devices (the latest apply of each; all of it: fabricctl describe device NAME)%s\n' "$bold" "$off"
  for device in hypervisor1 hypervisor2; do
    printf '  %s\n' "$device"
    jq -r '.applies[0].commands[]' "$dir/device-$device.json" | sed 's/^/    /' | head -n 40
  done
}

show_next() {
  cat <<TEXT

${bold}The API is at $api; lab '$lab' and fabricd keep running.${off} To go on:
  export FABRIC_SERVER=$api FABRIC_CA=$dir/data/ca.crt FABRIC_TOKEN_FILE=$dir/data/admin.token
  bin/fabricctl status
  bin/fabricctl get vnets
  bin/fabricctl evpn routes --vpc red
  bin/fabricctl describe device hypervisor1
  bin/fabricctl delete vnet blue-web --reason 'see what goes'
  lab/exec --name $lab leaf1 vtysh -c 'show bgp l2vpn evpn summary'
  lab/exec --name $lab red1 ping 10.0.1.12
  make demo-down

TEXT
}

up() {
  printf '%sFabric demo%s: two VPCs with the same addresses on one EVPN fabric\n' "$bold" "$off"
  if [[ -e $dir || -e ${FABRIC_LAB_STATE:-/run/fabric-lab}/$lab ]]; then
    down | sed "s/^/  $dim/; s/\$/$off/"
  fi
  mkdir -p "$dir/log"
  chmod 700 "$dir"
  local begin
  begin=$(now_ms)
  step packages packages
  step build build
  step lab-up lab_up
  step fabricd-start fabricd_start
  step register-devices register_devices
  step fabric-ready fabric_ready
  step apply-vpcs apply_vpcs
  step vms-start vms_start
  step ping-inside-vnet ping_inside
  step isolation-between-vpcs isolation
  step evpn-routes evpn_routes
  step device-commands device_commands
  if [[ $ok == true ]]; then
    record time-to-first-ping true $((first_ping_ms - call_ms)) 'from the API call for the VPCs, VM starts included'
    printf '  %s all of it in %d s%s\n' "$dim" $((($(now_ms) - begin) / 1000)) "$off"
    show_results
    show_next
  else
    printf "\nIt failed. Logs are in %s; fabricd's is %s. 'make demo-down' removes what stands.\n\n" "$dir/log" "$dir/fabricd.log"
  fi
  # Whoever called sudo may read token and certificate.
  [[ -z ${SUDO_UID-} ]] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$dir"
  finish
}

case ${1-} in
  up) up ;;
  down) down ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
