#!/bin/bash
# Init of the virtual machine: file systems, modules, the management bridge, sshd. The lab's script does the rest.
# Kernel arguments: lab.oob=172.29.3 lab.name=lab
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /run/sshd /run/netns /run/lock
for word in $(</proc/cmdline); do
  case $word in
    lab.oob=*) oob=${word#*=} ;;
    lab.name=*) echo "labvm-${word#*=}" >/proc/sys/kernel/hostname ;;
  esac
done
modprobe -a virtio_net veth bridge vxlan vrf 8021q dummy tun nf_tables sch_ingress cls_u32 act_mirred af_packet
echo 0 >/proc/sys/net/ipv4/ip_forward
tries=0
while [[ ! -e /sys/class/net/eth0 ]] && ((tries++ < 200)); do sleep 0.05; done
# The cable to the host goes into the bridge to which the lab plugs the management ports; .2 is this machine itself.
ip -batch - <<BATCH || echo "LAB-FAILED network"
link set lo up
link add oob type bridge stp_state 0 mcast_snooping 0
link set eth0 master oob
link set eth0 up
addr add $oob.2/24 dev oob
link set oob up
BATCH
/usr/sbin/sshd -o "ListenAddress=$oob.2" -o PermitRootLogin=prohibit-password -o PasswordAuthentication=no -o UseDNS=no -o UsePAM=no \
  -o PrintMotd=no -o MaxSessions=200 -o MaxStartups=200 || echo "LAB-FAILED sshd"
echo "LAB-READY $(cut -d' ' -f1 /proc/uptime)"
# Reap whatever the lab leaves behind.
while :; do
  sleep infinity &
  wait $!
done
