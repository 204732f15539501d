#!/bin/busybox sh
# First program of the virtual machine: loads what reaches the disk, and goes on from there.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "$module"; done </modules.list
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 200 ]; do
  $b sleep 0.05
  tries=$((tries + 1))
done
$b mount -t ext4 -o noatime /dev/vda /disk || { echo "LAB-FAILED no disk"; $b poweroff -f; }
$b mount --move /dev /disk/dev
$b umount /proc
exec $b switch_root /disk /sbin/lab-init
