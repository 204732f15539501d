#!/bin/bash
# Raises and works a lab from the data in lab.env beside it; the same file runs on the running kernel and inside the
# full-kernel virtual machine. usage: raise.sh SUBCOMMAND [ARGUMENT...]; see the table at the end.
set -uo pipefail

# Kernels before 5.11 count the maps of BPF programs as locked memory; later ones do not ask, also where this is refused.
ulimit -l unlimited 2>/dev/null

BOX=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# lab.env gives: LAB, OOB_NETNS (empty: the OOB bridge is in this namespace), DEVICES, SERVERS, CABLE_COUNT,
# PORTS[node] = "port,cable-end,mtu,mac ...", MGMT_MAC[device], ROLE[device].
declare -a DEVICES SERVERS
declare -A PORTS ROLE MGMT_MAC
. "$BOX/lab.env"
CABLES=$LAB-cables

die() { echo "$*" >&2; exit 1; }
is_device() { [[ " ${DEVICES[*]} " == *" $1 "* ]]; }
is_server() { [[ " ${SERVERS[*]-} " == *" $1 "* ]]; }
is_guest() { [[ -e $BOX/guests/$1 ]]; }
need_device() { is_device "$1" || die "lab $LAB has no device '$1' (it has: ${DEVICES[*]})"; }
netns() { nsenter "--net=/run/netns/$LAB-$1" "${@:2}"; }
oob_ip() { if [[ -n $OOB_NETNS ]]; then ip -n "$OOB_NETNS" "$@"; else ip "$@"; fi; }

# Waits until a command succeeds: until_true TENTHS COMMAND... It pauses by reading from a pipe into which nobody writes:
# inside an emulated machine a process for each pause would take time from what is waited for.
until_true() {
  local left=$1
  [[ -p $BOX/pause ]] || mkfifo "$BOX/pause" || die "cannot make $BOX/pause"
  exec 8<>"$BOX/pause"
  while ! "${@:2}"; do
    ((left-- > 0)) || return 1
    read -rt 0.1 -u 8
  done
  return 0 # and not what the last pause ended with
}

# ---- devices ---------------------------------------------------------------------------------------------------------

pid_of() { # the pid 1 of a running device as seen here; a pid that now belongs to something else does not count
  local pid
  [[ -s $BOX/devices/$1/pid ]] && pid=$(<"$BOX/devices/$1/pid") && [[ /run/netns/$LAB-$1 -ef /proc/$pid/ns/net ]] && echo "$pid"
}

into() { # into DEVICE COMMAND...: runs in all namespaces of the device
  local pid
  pid=$(pid_of "$1") || die "$1 is switched off"
  nsenter -t "$pid" -m -u -n -p -- "${@:2}"
}

boot() { # starts the pid 1 of devices whose links exist; it configures the device from inside
  local name
  for name; do
    rm -f "$BOX/devices/$name/pid" "$BOX/devices/$name/log/boot-state"
    nsenter "--net=/run/netns/$LAB-$name" setsid unshare -m -u -p --fork \
      bash "$BOX/device.sh" init "$BOX/devices/$name" "$name" </dev/null >/dev/null 2>&1 &
  done
  for name; do
    until_true 600 test -s "$BOX/devices/$name/log/boot-state" || die "$name did not start within 60 s"
    read -r state <"$BOX/devices/$name/log/boot-state"
    [[ $state == ready ]] || die "$name did not start ($state): $(tail -n 5 "$BOX/devices/$name/log/boot.log")"
  done
}

# ---- cables: each is a pair of ends in one namespace, so that it can be cut without touching a device ------------------

links_of() { # lines for ip -batch: the ports of a node, and the management port of a device
  local name=$1 item port end mtu mac
  for item in ${PORTS[$name]-}; do
    IFS=, read -r port end mtu mac <<<"$item"
    echo "link add name $port address $mac mtu $mtu netns $LAB-$name type veth peer name $end mtu 9216 netns $CABLES"
  done
  is_device "$name" || return 0
  echo "link add name mgmt0 address ${MGMT_MAC[$name]} netns $LAB-$name type veth peer name $name${OOB_NETNS:+ netns $OOB_NETNS}"
}

# A SoftGate takes frames from its ports and puts them into others by XDP, without the kernel's network stack; so its ends of
# the cables carry frames as wires do. A veth end takes what XDP sends only with NAPI, which it has with GRO. And checksums,
# segments (no offload of them without that of checksums) and VLAN tags are finished before a frame gets to the SoftGate.
wire() { # wire NODE: nothing to do for any other node
  local name=$1 item port end rest ends=()
  [[ ${ROLE[$name]} == softgate ]] || return 0
  for item in ${PORTS[$name]-}; do
    IFS=, read -r port end rest <<<"$item"
    ends+=("$end")
  done
  netns cables sh -c 'for end; do ethtool -K "$end" gro on tx off txvlan off || exit 1; done' wire "${ends[@]}" >/dev/null ||
    die "cannot make wires of the cables of $name (is ethtool installed?)"
}

plug_oob() { # the far end of the management cables of devices
  local name
  for name; do
    is_device "$name" || continue
    echo "link set $name master oob"
    echo "link set $name type bridge_slave isolated on" # a device sees the controller, not the other devices
    [[ -e $BOX/oob-down/$name ]] || echo "link set $name up"
  done | oob_ip -batch -
}

splice() { # lines for tc -batch: what enters a cable at one end leaves it at the other
  local ends
  for ends in "c$1a c$1b" "c$1b c$1a"; do
    echo "qdisc add dev ${ends% *} clsact"
    echo "filter add dev ${ends% *} ingress protocol all u32 match u32 0 0 action mirred egress redirect dev ${ends#* }"
  done
}

cables_of() { # the numbers of the cables of a node, one a line
  local item port end rest
  for item in ${PORTS[$1]-}; do
    IFS=, read -r port end rest <<<"$item"
    end=${end#c}
    echo "${end%[ab]}"
  done
}

cable_at() { # cable_at DEVICE:PORT: number of the cable
  local name=${1%%:*} wanted=${1#*:} item port end rest
  for item in ${PORTS[$name]-}; do
    IFS=, read -r port end rest <<<"$item"
    [[ $port != "$wanted" ]] || { end=${end#c}; echo "${end%[ab]}"; return; }
  done
  die "lab $LAB has no port '$1'"
}

ends_present() { ip -n "$CABLES" -br link show | awk '{ sub(/@.*/, "", $1); print $1 }'; }

# ---- the lab as a whole ----------------------------------------------------------------------------------------------

up() {
  local name n
  mkdir -p "$BOX"/{cut,oob-down,guests}
  chown frr:frr "$BOX"/devices/*/etc-frr "$BOX"/devices/*/etc-frr/*
  chmod 750 "$BOX"/devices/*/etc-frr
  {
    echo "netns add $CABLES"
    for name in "${DEVICES[@]}" "${SERVERS[@]}"; do echo "netns add $LAB-$name"; done
    for name in "${DEVICES[@]}" "${SERVERS[@]}"; do links_of "$name"; done
  } | ip -batch - || die "cannot make namespaces and links"
  netns cables sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; echo 0 >/proc/sys/net/ipv4/ip_forward'
  for ((n = 1; n <= CABLE_COUNT; n++)); do echo "link set c${n}a up"; echo "link set c${n}b up"; done | ip -n "$CABLES" -batch - || die "cannot bring the cables up"
  for ((n = 1; n <= CABLE_COUNT; n++)); do splice "$n"; done | tc -n "$CABLES" -batch - || die "cannot splice the cables"
  for name in "${DEVICES[@]}"; do wire "$name"; done
  plug_oob "${DEVICES[@]}" || die "cannot plug the management ports"
  for name in "${SERVERS[@]}"; do ip -n "$LAB-$name" -batch "$BOX/servers/$name.batch" || die "cannot bring $name up"; done
  boot "${DEVICES[@]}"
}

namespaces() { # every namespace of this lab, whatever state it is in
  local path
  for path in /run/netns/"$LAB"-*; do [[ ! -e $path ]] || echo "${path##*/}"; done
}

pids_in() { # pids of all processes in the given network namespaces
  local -A wanted=()
  local name pid link
  for name; do
    link=$(stat -L -c 'net:[%i]' "/run/netns/$name" 2>/dev/null) && wanted[$link]=1
  done
  ((${#wanted[@]})) || return 0
  find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%p %l\n' 2>/dev/null |
    while read -r pid link; do
      [[ -z $link || -z ${wanted[$link]-} ]] || { pid=${pid#/proc/}; echo "${pid%%/*}"; }
    done
}

empty() { [[ -z $(pids_in "$@") ]]; }

end_processes() { # ends everything that runs in the given namespaces and waits until it is gone
  local pids
  pids=$(pids_in "$@")
  [[ -n $pids ]] || return 0
  kill -9 $pids 2>/dev/null
  until_true 100 empty "$@" || die "processes do not end: $(pids_in "$@" | tr '\n' ' ')"
}

down() {
  local spaces name
  mapfile -t spaces < <(namespaces)
  ((${#spaces[@]})) || return 0
  end_processes "${spaces[@]}"
  {
    # The near ends of the management cables first: a namespace is taken apart in the background after its deletion.
    [[ -n $OOB_NETNS ]] || for name in "${DEVICES[@]}"; do [[ ! -e /sys/class/net/$name ]] || echo "link delete $name"; done
    for name in "${spaces[@]}"; do echo "netns delete $name"; done
  } | ip -batch - || die "cannot delete the namespaces"
}

status() { # one line a node: name, kind, state
  local name pid
  for name in "${DEVICES[@]}"; do
    if pid=$(pid_of "$name"); then
      echo "$name ${ROLE[$name]}$(nsenter -t "$pid" -m -p bash -c '
        out=
        for f in zebra bgpd bfdd; do [[ -s /run/frr/$f.pid && -e /proc/$(</run/frr/$f.pid) ]] || out+=" no-$f"; done
        [[ -s /run/sshd.pid && -e /proc/$(</run/sshd.pid) ]] || out+=" no-sshd"
        echo "${out:- running}"')"
    else
      echo "$name ${ROLE[$name]} off"
    fi
  done
  for name in "${SERVERS[@]}"; do
    [[ -e /run/netns/$LAB-$name ]] && echo "$name server running" || echo "$name server off"
  done
  for name in "$BOX"/guests/*; do
    [[ -e $name ]] || continue
    # shellcheck disable=SC2154
    (. "$name"; echo "${name##*/} vm on $host vni $vni ip $ip mac $mac")
  done
}

alive() { # silent and quick: are all parts of the lab there
  local name
  [[ -e /run/netns/$CABLES ]] || return 1
  for name in "${DEVICES[@]}"; do [[ -e $BOX/off/$name ]] || pid_of "$name" >/dev/null || return 1; done
  for name in "${SERVERS[@]}"; do [[ -e /run/netns/$LAB-$name ]] || return 1; done
}

# ---- faults ----------------------------------------------------------------------------------------------------------

device_stop() { # as if the power cable was pulled: the kernel state of the device, and the guests on it, are lost
  local name=$1 item port end rest far guest present downs='' ends=''
  need_device "$name"
  [[ -e /run/netns/$LAB-$name ]] || return 0
  present=$(ends_present)
  for item in ${PORTS[$name]-}; do
    IFS=, read -r port end rest <<<"$item"
    ends+="link delete $end"$'\n'
    [[ $end == *a ]] && far=${end%a}b || far=${end%b}a
    ! grep -qx "$far" <<<"$present" || downs+="link set $far down"$'\n'
  done
  # The neighbours lose their carriers within a millisecond of each other; then all inside ends. Taking links apart takes
  # longer, so that comes last.
  ip -n "$CABLES" -batch - <<<"$downs" || die "cannot unplug $name"
  end_processes "$LAB-$name"
  for guest in "$BOX"/guests/*; do
    [[ -e $guest ]] && (. "$guest"; [[ $host == "$name" ]]) && drop_guest "${guest##*/}"
  done
  ip -n "$CABLES" -batch - <<<"$ends" || die "cannot unplug $name"
  oob_ip link delete "$name" || die "cannot unplug mgmt0 of $name"
  ip netns delete "$LAB-$name" || die "cannot delete the namespace of $name"
  mkdir -p "$BOX/off" && : >"$BOX/off/$name"
  rm -f "$BOX/devices/$name/pid" "$BOX/devices/$name/log/boot-state"
}

device_start() { # from day 0, with what the device had saved to its own storage
  local name=$1 n present
  need_device "$name"
  ! pid_of "$name" >/dev/null || return 0
  [[ ! -e /run/netns/$LAB-$name ]] || device_stop "$name"
  { echo "netns add $LAB-$name"; links_of "$name"; } | ip -batch - || die "cannot make the links of $name"
  wire "$name"
  plug_oob "$name" || die "cannot plug mgmt0 of $name"
  present=$(ends_present)
  for n in $(cables_of "$name"); do
    [[ $present == *"c${n}a"* && $present == *"c${n}b"* ]] || continue # the other device is off
    for end in a b; do tc -n "$CABLES" qdisc delete dev "c$n$end" clsact 2>/dev/null; done
    splice "$n" | tc -n "$CABLES" -batch - || die "cannot splice cable $n"
    [[ -e $BOX/cut/$n ]] || printf 'link set c%sa up\nlink set c%sb up\n' "$n" "$n" | ip -n "$CABLES" -batch -
  done
  rm -f "$BOX/off/$name"
  boot "$name"
}

link_down() {
  local n
  n=$(cable_at "$1") || exit 1
  : >"$BOX/cut/$n"
  printf 'link set c%sa down\nlink set c%sb down\n' "$n" "$n" | ip -n "$CABLES" -force -batch - 2>/dev/null
  return 0
}

link_up() {
  local n present
  n=$(cable_at "$1") || exit 1
  rm -f "$BOX/cut/$n"
  present=$(ends_present)
  grep -qx "c${n}a" <<<"$present" && grep -qx "c${n}b" <<<"$present" || return 0 # plugged in when the device starts
  printf 'link set c%sa up\nlink set c%sb up\n' "$n" "$n" | ip -n "$CABLES" -batch -
}

oob_down() { need_device "$1"; : >"$BOX/oob-down/$1"; [[ -e $BOX/off/$1 ]] || oob_ip link set "$1" down; }
oob_up() { need_device "$1"; rm -f "$BOX/oob-down/$1"; [[ -e $BOX/off/$1 ]] || oob_ip link set "$1" up; }

service() { # service start|stop DEVICE frr|sshd
  need_device "$2"
  [[ $3 == frr || $3 == sshd ]] || die "no service '$3' (frr, sshd)"
  into "$2" bash -s -- "$1" "$3" <"$BOX/device.sh"
}

# ---- guests ----------------------------------------------------------------------------------------------------------

agent() { # agent HYPERVISOR add|delete VNI: what the CloudStack agent of the hypervisor runs
  into "$1" bash /var/lib/cloudstack-agent/modifyvxlan-evpn.sh -o "$2" -v "$3" -p eth1 -b "brvx-$3"
}

free_vnet() { # the first vnetN that the hypervisor does not have
  local n=0
  while ip -n "$LAB-$1" link show "vnet$n" >/dev/null 2>&1; do ((n++)); done
  echo "vnet$n"
}

leave() { # leave HYPERVISOR VNI: the last guest of a network takes the network with it
  ip -n "$LAB-$1" -br link show master "brvx-$2" 2>/dev/null | grep -q '^vnet' || agent "$1" delete "$2"
}

vm_add() { # vm_add NAME HYPERVISOR VNI IP/LENGTH GATEWAY|- MAC
  local name=$1 host=$2 vni=$3 address=$4 gateway=$5 mac=$6 vnet
  need_device "$host"
  [[ ${ROLE[$host]} == hypervisor ]] || die "$host is a ${ROLE[$host]}, not a hypervisor"
  ! is_guest "$name" || die "VM $name exists already"
  agent "$host" add "$vni" || exit 1
  vnet=$(free_vnet "$host")
  {
    echo "netns add $LAB-vm-$name"
    # As libvirt does: the tap's own address starts with fe, so that the bridge never takes it for its own.
    echo "link add name $vnet address fe:${mac#*:} netns $LAB-$host type veth peer name eth0 address $mac netns $LAB-vm-$name"
  } | ip -batch - || die "cannot make VM $name"
  printf 'host=%s\nvni=%s\nip=%s\ngateway=%s\nmac=%s\nvnet=%s\n' "$host" "$vni" "$address" "$gateway" "$mac" "$vnet" >"$BOX/guests/$name"
  netns "vm-$name" sh -c 'cd /proc/sys/net; echo 0 >ipv4/ip_forward; echo 1 >ipv4/conf/eth0/arp_notify; echo 1 >ipv6/conf/eth0/ndisc_notify'
  printf 'link set %s master brvx-%s up\n' "$vnet" "$vni" | ip -n "$LAB-$host" -batch - || die "cannot plug VM $name"
  {
    echo "link set lo up"
    echo "link set eth0 up"
    [[ $address == - ]] || echo "addr add $address dev eth0"
    [[ $gateway == - ]] || echo "route add default via $gateway dev eth0"
  } | ip -n "$LAB-vm-$name" -batch - || die "cannot set the address of VM $name"
}

drop_guest() {
  end_processes "$LAB-vm-$1"
  ip netns delete "$LAB-vm-$1"
  rm -f "$BOX/guests/$1"
}

vm_remove() {
  local name=$1
  is_guest "$name" || die "lab $LAB has no VM '$name'"
  (
    . "$BOX/guests/$name"
    ip -n "$LAB-$host" link delete "$vnet" || exit 1
    drop_guest "$name"
    leave "$host" "$vni"
  )
}

vm_move() { # live migration: the guest keeps its addresses, its cable moves
  local name=$1 to=$2
  is_guest "$name" || die "lab $LAB has no VM '$name'"
  need_device "$to"
  [[ ${ROLE[$to]} == hypervisor ]] || die "$to is a ${ROLE[$to]}, not a hypervisor"
  (
    . "$BOX/guests/$name"
    [[ $host != "$to" ]] || exit 0
    agent "$to" add "$vni" || exit 1
    new=$(free_vnet "$to")
    {
      echo "link set $vnet nomaster"
      echo "link set $vnet netns $LAB-$to name $new"
    } | ip -n "$LAB-$host" -batch - || exit 1
    printf 'host=%s\nvni=%s\nip=%s\ngateway=%s\nmac=%s\nvnet=%s\n' "$to" "$vni" "$ip" "$gateway" "$mac" "$new" >"$BOX/guests/$name"
    printf 'link set %s master brvx-%s up\n' "$new" "$vni" | ip -n "$LAB-$to" -batch - || exit 1
    # The guest announces itself at its new place, as the machine monitor does after a migration.
    ip -n "$LAB-vm-$name" link set eth0 address "$mac"
    leave "$host" "$vni"
  )
}

server_config() { # server_config NAME PORT VLAN|- IP/LENGTH|- GATEWAY|-
  local name=$1 port=$2 vlan=$3 address=$4 gateway=$5 device=$2
  is_server "$name" || die "lab $LAB has no server '$name'"
  [[ " ${PORTS[$name]-}" == *" $port,"* ]] || die "server $name has no port '$port'"
  # What was configured before goes: addresses, their routes, tagged devices.
  ip -n "$LAB-$name" -br link show type vlan 2>/dev/null | awk -v at="@$port" 'index($1, at) { sub(/@.*/, "", $1); print "link delete " $1 }' | ip -n "$LAB-$name" -batch -
  ip -n "$LAB-$name" addr flush dev "$port" scope global
  {
    echo "link set $port up"
    if [[ $vlan != - ]]; then
      device=$port.$vlan
      echo "link add link $port name $device type vlan id $vlan"
      echo "link set $device up"
    fi
    [[ $address == - ]] || echo "addr add $address dev $device"
    [[ $gateway == - ]] || echo "route replace default via $gateway dev $device"
  } | ip -n "$LAB-$name" -batch - || die "cannot configure $name (does this kernel have 802.1q?)"
}

run_in() { # run_in NODE COMMAND...: a device, a server, a VM, or (to watch packets) the lab's own oob bridge or cables
  local name=$1
  if is_device "$name"; then into "$@"
  elif is_guest "$name"; then ip netns exec "$LAB-vm-$name" "${@:2}" # with a /sys that shows its own interfaces
  elif is_server "$name"; then ip netns exec "$LAB-$name" "${@:2}"
  elif [[ $name == cables ]]; then ip netns exec "$CABLES" "${@:2}"
  elif [[ $name == oob ]]; then if [[ -n $OOB_NETNS ]]; then ip netns exec "$OOB_NETNS" "${@:2}"; else "${@:2}"; fi
  else die "lab $LAB has no device, server or VM '$name'"
  fi
}

case ${1-} in
  up | down | status | alive) "$1" ;;
  device) "device_$2" "$3" ;;
  link) "link_$2" "$3" ;;
  oob) "oob_$2" "$3" ;;
  service) service "$2" "$3" "$4" ;;
  vm) "vm_$2" "${@:3}" ;;
  server) "server_$2" "${@:3}" ;;
  exec) run_in "${@:2}" ;;
  *) die "raise.sh: unknown call '${1-}'" ;;
esac
