#!/bin/bash
# Installs the Debian packages that Fabric's build and labs need, and only those that are missing.
# usage: lab/install-packages.sh [GROUP...]      groups: build, lab, vm (default: all)
#   build  what the programs load at run time
#   lab    real routers, sshd and tools for the namespace lab
#   vm     what builds and runs the full-kernel virtual machine
#   test   peers of other makes, for tests
set -euo pipefail

declare -A GROUPS_OF=(
  [build]="libsqlite3-0 ca-certificates openssh-client clang llvm libbpf-dev libc6-dev linux-libc-dev make libbpf1"
  [lab]="frr openssh-server openssh-client iproute2 iputils-ping jq tcpdump procps util-linux mount nftables ethtool"
  [vm]="qemu-system-x86 mmdebstrap busybox-static cpio e2fsprogs zstd kmod openssh-client"
  [test]="gobgpd bird2 exabgp openbgpd"
)

groups=("$@")
((${#groups[@]})) || groups=(build lab vm test)
wanted=()
for group in "${groups[@]}"; do
  [[ -n ${GROUPS_OF[$group]-} ]] || { echo "install-packages: no group '$group' (known: build, lab, vm, test)" >&2; exit 2; }
  read -ra packages <<<"${GROUPS_OF[$group]}"
  wanted+=("${packages[@]}")
done

# One call for all: prints the packages that are there.
present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | awk '$1 == "installed" { print $2 }' || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "$package" <<<"$present" || [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "install-packages: not root and no sudo; please install: ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "installing Debian packages: ${missing[*]}"

# Daemons that come with the packages must not start: the lab starts its own. The answer 101 forbids it; a policy that
# is there already stays.
policy=/usr/sbin/policy-rc.d
made=
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
  "${root[@]}" chmod 755 "$policy"
  made=1
fi
log=$(mktemp)
cleanup() {
  [[ -z $made ]] || "${root[@]}" rm -f "$policy"
  rm -f "$log"
}
trap cleanup EXIT

apt_get() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1; }
if ! apt_get install -y --no-install-recommends "${missing[@]}"; then
  # Lists that are missing or old are the usual reason: fetch them once and try again.
  apt_get update || { cat "$log" >&2; exit 1; }
  apt_get install -y --no-install-recommends "${missing[@]}" || { cat "$log" >&2; exit 1; }
fi
