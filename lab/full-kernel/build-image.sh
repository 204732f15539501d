#!/bin/bash
# Builds what the full-kernel virtual machine boots from: Debian's cloud kernel, a small initial file system that finds the
# disk, and a disk with FRR, sshd and tools. Needs root, and the packages of lab/install-packages.sh vm.
# usage: build-image.sh DIRECTORY       (made by this script; nothing is left there if anything fails)
set -euo pipefail

suite=bookworm
packages=frr,openssh-server,iproute2,iputils-ping,kmod,procps,nftables,ethtool,tcpdump,jq
modules=(virtio_pci virtio_blk virtio_net) # what it takes to reach the disk and the network

out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
((EUID == 0)) || { echo "build-image: must run as root" >&2; exit 1; }
for tool in mmdebstrap mke2fs cpio busybox ssh-keygen depmod; do
  command -v "$tool" >/dev/null || { echo "build-image: no $tool; run lab/install-packages.sh vm" >&2; exit 1; }
done

mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$out.building.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log
fail() { echo "build-image: $*" >&2; tail -n 20 "$log" >&2; exit 1; }

# The host's own sources where it runs the same suite: they know the mirror and the proxy that work here.
sources=()
if . /etc/os-release && [[ ${ID-} == debian && ${VERSION_CODENAME-} == "$suite" ]]; then
  if [[ -s /etc/apt/sources.list.d/debian.sources ]]; then sources=(/etc/apt/sources.list.d/debian.sources)
  elif [[ -s /etc/apt/sources.list ]]; then sources=(/etc/apt/sources.list)
  fi
fi

echo "  packages into a tree (about a minute)"
# The kernel is fetched with the tree's own package lists, but not installed: an installation would build what is not needed.
cat >"$work/fetch-kernel" <<'HOOK'
#!/bin/sh
set -e
cd "$(dirname "$0")"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
apt-get download "$kernel"
HOOK
chmod 755 "$work/fetch-kernel" "$work"
mmdebstrap --variant=minbase --mode=root --include="$packages" \
  --aptopt='Apt::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="$work/fetch-kernel" "$suite" "$work/tree" "${sources[@]}" >"$log" 2>&1 || fail "mmdebstrap failed"

echo "  kernel, initial file system, disk"
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel" >>"$log" 2>&1 || fail "cannot unpack the kernel"
version=$(ls "$work/kernel/lib/modules")
mkdir -p "$work/tree/lib/modules"
mv "$work/kernel/lib/modules/$version" "$work/tree/lib/modules/"
depmod -b "$work/tree" "$version"

mkdir -p "$work/initrd"/{bin,proc,sys,dev,disk,modules}
cp "$(command -v busybox)" "$work/initrd/bin/busybox"
install -m 755 "$here/initrd-init.sh" "$work/initrd/init"
for module in "${modules[@]}"; do
  chroot "$work/tree" modprobe -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$work/tree$file" "$work/initrd/modules/"
  echo "/modules/${file##*/}"
done >"$work/initrd/modules.list"

# One key for the machine itself; each device inside gets its own from its lab.
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/id_ed25519"
install -d -m 700 "$work/tree/root/.ssh"
install -m 600 "$work/id_ed25519.pub" "$work/tree/root/.ssh/authorized_keys"
rm -f "$work/tree/etc/ssh/"ssh_host_*
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/tree/etc/ssh/ssh_host_ed25519_key"
cp "$work/tree/etc/ssh/ssh_host_ed25519_key.pub" "$work/host_key.pub"
install -m 755 "$here/machine-init.sh" "$work/tree/sbin/lab-init"
echo 'options dummy numdummies=0' >"$work/tree/etc/modprobe.d/lab.conf"
rm -rf "$work/tree/var/cache/apt" "$work/tree/var/lib/apt/lists"
mkdir -p "$work/tree/var/cache/apt" "$work/tree/var/lib/apt/lists"

mkdir "$work/out"
(cd "$work/initrd" && find . | cpio -o -H newc 2>>"$log" | gzip -9 >"$work/out/initrd.gz")
cp "$work/kernel/boot/vmlinuz-$version" "$work/out/vmlinuz"
size=$(($(du -sm "$work/tree" | cut -f1) + 200))
truncate -s "${size}M" "$work/out/disk.ext4"
mke2fs -q -t ext4 -O ^has_journal -d "$work/tree" "$work/out/disk.ext4" >>"$log" 2>&1 || fail "cannot make the disk"
mv "$work/id_ed25519" "$work/host_key.pub" "$work/out/"
mv -T "$work/out" "$out"
