#!/bin/bash
# What runs inside one device: as its pid 1 (init DIR NAME), or later to start and stop a service (start|stop frr|sshd).
set -u

alive() { [[ -s $1 ]] && kill -0 "$(<"$1")" 2>/dev/null; }

# Whether frr.conf says more than the daemons know without it. Reading it takes vtysh half a second on an emulated machine,
# so it is not read for nothing.
has_configuration() {
  local line
  while read -r line || [[ -n $line ]]; do
    case $line in
      '' | '!'* | end | 'frr version '* | 'frr defaults datacenter' | "hostname $HOSTNAME" | 'service integrated-vtysh-config') ;;
      *) return 0 ;;
    esac
  done </etc/frr/frr.conf
  return 1
}

start_frr() {
  local daemon
  mkdir -p /run/frr /var/log/frr
  chown frr:frr /run/frr /var/log/frr
  for daemon in 'zebra -s 90000000' bgpd bfdd; do
    alive "/run/frr/${daemon%% *}.pid" ||
      /usr/lib/frr/$daemon -d -F datacenter -A 127.0.0.1 -P 0 --log file:/var/log/frr/frr.log --log-level informational || return 1
  done
  if has_configuration; then
    vtysh -b >/var/log/frr/vtysh-b.log 2>&1 || { echo "vtysh -b failed:"; cat /var/log/frr/vtysh-b.log; return 1; }
  fi
}

launch_sshd() {
  mkdir -p /run/sshd
  alive /run/sshd.pid || /usr/sbin/sshd -E /var/log/sshd.log
}

# sshd goes into the background before it listens; it writes its pid after that.
await_sshd() {
  local tries=0
  until alive /run/sshd.pid; do
    ((++tries < 200)) || { echo "sshd does not listen"; return 1; }
    sleep 0.05
  done
}

start_sshd() { launch_sshd && await_sshd; }

# Ends the process of a pid file and waits until it is gone: by TERM first, by KILL after three seconds.
end() {
  local pid tries=0
  [[ -s $1 ]] || return 0
  pid=$(<"$1")
  kill "$pid" 2>/dev/null
  while [[ -e /proc/$pid ]]; do
    ((++tries != 60)) || kill -9 "$pid" 2>/dev/null
    ((tries < 120)) || { echo "process $pid ($1) does not end"; return 1; }
    sleep 0.05
  done
  rm -f "$1"
}

stop_frr() {
  local daemon failed=0
  for daemon in bfdd bgpd zebra; do end "/run/frr/$daemon.pid" || failed=1; done
  return $failed
}

# Power for the service only: sessions that run already live on, as with a stopped sshd anywhere.
stop_sshd() { end /run/sshd.pid; }

init() {
  local dir=$1 name=$2 outer key value problem
  # /proc is still the one outside, so this is the pid under which the outside knows this process.
  read -r outer _ </proc/self/stat
  exec </dev/null
  exec 3<"$dir/day0.batch" 4<"$dir/day0.sysctl"
  echo "$outer" >"$dir/pid"
  echo "$name" >/proc/sys/kernel/hostname
  HOSTNAME=$name
  # The root of the file system becomes read-only last, and with nothing open for writing on it.
  if ! problem=$(mount -a -T "$dir/fstab" 2>&1 && mount -o remount,bind,ro / 2>&1); then
    echo "mounts failed: $problem" >"$dir/log/boot-state"
    exit 1
  fi
  exec >/var/log/boot.log 2>&1
  cd /
  while IFS='=' read -r key value; do
    [[ ! -e /proc/sys/$key ]] || echo "$value" >"/proc/sys/$key"
  done <&4
  if ! ip -batch - <&3; then echo "links failed" >/var/log/boot-state; exit 1; fi
  exec 3<&- 4<&-
  if ! launch_sshd; then echo "sshd failed" >/var/log/boot-state; exit 1; fi
  if ! start_frr; then echo "frr failed" >/var/log/boot-state; exit 1; fi
  if ! await_sshd; then echo "sshd failed" >/var/log/boot-state; exit 1; fi
  echo ready >/var/log/boot-state
  # Stay, and reap whatever the device leaves behind. When this process is killed, the kernel ends everything in here.
  while :; do
    sleep infinity &
    wait $!
  done
}

case ${1-} in
  init) init "$2" "$3" ;;
  start | stop) "$1_$2" </dev/null ;;
  *) echo "device.sh: unknown call" >&2; exit 2 ;;
esac
