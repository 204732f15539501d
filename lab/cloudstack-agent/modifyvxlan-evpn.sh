#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Stand-in for what the CloudStack KVM agent runs for a VXLAN network in EVPN mode. Written for this lab from the
# described result: a vxlan<VNI> device without learning whose local address is the first global one of lo, in a bridge,
# with neighbour suppression on, learning off, and no IPv6 of its own on either device.
# usage: modifyvxlan-evpn.sh -o add|delete -v VNI -p PIF -b BRIDGE [-6]
set -u

fail() { echo "modifyvxlan-evpn: $*" >&2; exit 1; }

op= vni= pif= bridge= family=4
while getopts 'o:v:p:b:6' flag; do
  case $flag in
    o) op=$OPTARG ;;
    v) vni=$OPTARG ;;
    p) pif=$OPTARG ;;
    b) bridge=$OPTARG ;;
    6) family=6 ;;
    *) fail "usage: -o add|delete -v VNI -p PIF -b BRIDGE [-6]" ;;
  esac
done
[[ $vni =~ ^[0-9]+$ ]] && ((vni >= 1 && vni <= 16777215)) || fail "VNI '$vni' is not a number from 1 to 16777215"
[[ -n $bridge ]] || fail "no bridge name given (-b)"
[[ -n $pif ]] || fail "no physical interface given (-p)" # part of the call, not used in EVPN mode
device=vxlan$vni

# One change at a time on a host, as with the agent.
mkdir -p /run/lock
exec 9>/run/lock/vxlan.lock
flock -w 10 9 || fail "another change holds the lock since 10 s"

present() { [[ -e /sys/class/net/$1 ]]; }
no_ipv6() { [[ ! -e /proc/sys/net/ipv6/conf/$1 ]] || echo 1 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6"; }

add() {
  local source
  source=$(ip -o -"$family" address show dev lo scope global | awk '{ sub(/\/.*/, "", $4); print $4; exit }')
  [[ -n $source ]] || fail "lo has no global IPv$family address to use as tunnel end point"
  if ! present "$device"; then
    ip link add "$device" type vxlan id "$vni" local "$source" dstport 4789 nolearning || fail "cannot make $device"
    no_ipv6 "$device"
    ip link set "$device" up || fail "cannot bring $device up"
  fi
  if ! present "$bridge"; then
    ip link add "$bridge" type bridge || fail "cannot make $bridge"
    no_ipv6 "$bridge"
    ip link set "$bridge" up || fail "cannot bring $bridge up"
  fi
  ip link set "$device" master "$bridge" || fail "cannot put $device into $bridge"
  ip link set "$device" type bridge_slave neigh_suppress on learning off || fail "cannot set the port options of $device"
}

delete() {
  ! present "$device" || ip link delete "$device" || fail "cannot delete $device"
  ! present "$bridge" || ip link delete "$bridge" || fail "cannot delete $bridge"
}

case $op in
  add | delete) "$op" ;;
  *) fail "operation '$op' is neither add nor delete" ;;
esac
