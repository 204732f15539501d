# Prints all that the controller reads of a device, in sections: "<mark> <name> <exit status>" behind each.
# Replaced before it is sent: @MARK@ (random), @SYSCTLS@ (names).
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
section() {
    name=$1
    shift
    "$@" 2>&1
    status=$?
    printf '\n%s %s %s\n' '@MARK@' "$name" "$status"
}

# What the kernel can do, tried once in a namespace of its own.
capabilities() {
    if [ ! -s /run/fabric/capabilities ]; then
        mkdir -p -m 0700 /run/fabric
        unshare -n sh -c '
            ip link add name b type bridge vlan_filtering 1 && ip -d link show dev b | grep -q "vlan_filtering 1" &&
                ip link add name v link b type vlan id 2 && echo bridge
            ip link add name r type vrf table 2 && echo vrf
            ' 2>/dev/null >/run/fabric/capabilities.new
        echo probed >>/run/fabric/capabilities.new
        mv /run/fabric/capabilities.new /run/fabric/capabilities
    fi
    cat /run/fabric/capabilities
}

section host uname -nr
section link ip -d -j link show
section addr ip -j addr show
section vlan bridge -j vlan show
if [ -d /sys/class/net/br-fabric ]; then
    section fdb bridge -j fdb show dev br-fabric
fi
section unreachable4 ip -4 -j route show table all type unreachable
section unreachable6 ip -6 -j route show table all type unreachable
section sysctl sysctl -e @SYSCTLS@
section interfaces grep -s . /dev/null /proc/sys/net/ipv4/conf/vlan*/arp_accept /proc/sys/net/ipv6/conf/vlan*/accept_untracked_na
section daemons vtysh -c 'show daemons' -c 'show version'
section config vtysh -c 'show running-config'
section bgp vtysh -c 'show bgp summary json'
section capabilities capabilities
section pending cat /run/fabric/txn/id
section end true
