#!/bin/bash
# A minimal fabric of real devices for the drivers' tests: each has its own network, mount, process and host name space, FRR with
# an empty configuration, and an SSH server on its management address.
#
#   minilab.sh up DIR PREFIX NET DEVICE... -- LINK...   LINK: device:port=device:port; NET: first three octets of the /24
#   minilab.sh down DIR PREFIX
#
# DIR then holds: id (key of the controller), NAME.host.pub, NAME.pid. The k-th device is NET.(10+k), the controller NET.1.
set -e
verb=$1 dir=$2 prefix=$3

device() { # runs as process 1 of the device: NAME
    name=$1
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t sysfs sys /sys
    for d in /run /etc/frr /var/tmp; do mount -t tmpfs tmpfs $d; done
    hostname "$name"
    mkdir -p /run/sshd /run/frr
    chown frr:frr /run/frr
    printf 'frr defaults datacenter\nhostname %s\nlog file /run/frr/frr.log\n' "$name" >/etc/frr/frr.conf
    echo 'service integrated-vtysh-config' >/etc/frr/vtysh.conf
    : >/etc/frr/daemons
    chown frr:frr /etc/frr /etc/frr/*
    ip link set lo up
    echo ready >"$dir/$name.state"
    read -r _ <"$dir/$name.go"
    for d in zebra bgpd bfdd; do /usr/lib/frr/$d -d -A 127.0.0.1; done
    vtysh -b
    printf '%s\n' 'Port 22' 'ListenAddress 0.0.0.0' "HostKey $dir/$name.host" 'PidFile /run/sshd.pid' \
        "AuthorizedKeysFile $dir/id.pub" 'StrictModes no' 'PasswordAuthentication no' 'UsePAM no' 'PermitRootLogin prohibit-password' \
        'MaxStartups 100' >/run/sshd.conf
    /usr/sbin/sshd -f /run/sshd.conf -E /run/sshd.log
    echo up >"$dir/$name.state"
    trap : CHLD
    while :; do sleep 1000 & wait $! || :; done
}

await() { # FILE WORD
    for _ in $(seq 400); do
        [ "$(cat "$1" 2>/dev/null)" = "$2" ] && return
        sleep 0.05
    done
    echo "$1 never said $2" >&2
    exit 1
}

case $verb in
device) device "$4" ;;
up)
    net=$4
    shift 4
    ssh-keygen -q -t ed25519 -N '' -f "$dir/id"
    ip link add "$prefix-oob" type bridge
    ip addr add "$net.1/24" dev "$prefix-oob"
    ip link set "$prefix-oob" up
    names=() k=10
    while [ $# -gt 0 ] && [ "$1" != -- ]; do names+=("$1"); shift; done
    shift
    for n in "${names[@]}"; do
        k=$((k + 1))
        ssh-keygen -q -t ed25519 -N '' -f "$dir/$n.host"
        mkfifo "$dir/$n.go"
        setsid unshare --net --mount --uts --pid --fork --kill-child bash "$0" device "$dir" "$prefix" "$n" >"$dir/$n.log" 2>&1 </dev/null &
        outer=$!
        await "$dir/$n.state" ready
        pid=$(pgrep -P $outer | head -n 1)
        echo "$pid" >"$dir/$n.pid"
        ip link add "$prefix-$n" type veth peer name mgmt0 netns "$pid"
        ip link set "$prefix-$n" master "$prefix-oob" up
        nsenter -t "$pid" -n ip addr add "$net.$k/24" dev mgmt0
        nsenter -t "$pid" -n ip link set mgmt0 up
    done
    for link in "$@"; do
        a=${link%=*} b=${link#*=}
        ip link add name "${a#*:}" netns "$(cat "$dir/${a%:*}.pid")" type veth peer name "${b#*:}" netns "$(cat "$dir/${b%:*}.pid")"
    done
    for n in "${names[@]}"; do echo go >"$dir/$n.go"; done
    for n in "${names[@]}"; do await "$dir/$n.state" up; done
    ;;
down)
    for f in "$dir"/*.pid; do
        [ -e "$f" ] && kill -9 "$(cat "$f")" 2>/dev/null || :
    done
    ip link del "$prefix-oob" 2>/dev/null || :
    ;;
esac
