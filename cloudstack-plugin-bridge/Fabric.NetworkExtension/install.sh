#!/bin/bash
# Puts the extension in place on a CloudStack management server, and looks whether CloudStack will take it. Run it on each server: the
# file has to be the same everywhere.
# usage: install.sh [--name NAME] [--extensions DIRECTORY] [--owner USER:GROUP] [--check]
#   --name NAME             name of the extension in CloudStack (fabric)
#   --extensions DIRECTORY  CloudStack's directory of extensions (/usr/share/cloudstack-management/extensions)
#   --owner USER:GROUP      whom CloudStack's process runs as (cloud:cloud)
#   --check                 only look
# Exit codes: 0 in place, 1 something is wrong and nothing was changed, 2 usage.
set -euo pipefail

fail() { echo "install.sh: $*" >&2; exit 1; }
usage() { echo "install.sh: $*; see the first lines of the script" >&2; exit 2; }

name=fabric
extensions=/usr/share/cloudstack-management/extensions
owner=cloud:cloud
check=
while (($#)); do
  case $1 in
    --check) check=1; shift ;;
    --name | --extensions | --owner)
      (($# > 1)) || usage "$1 needs a value"
      case $1 in --name) name=$2 ;; --extensions) extensions=${2%/} ;; --owner) owner=$2 ;; esac
      shift 2 ;;
    *) usage "unknown option $1" ;;
  esac
done
[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$ ]] || usage "a name has 1 to 64 letters, digits, dashes and underscores, and begins with a letter or digit"
[[ $owner == ?*:?* ]] || usage "--owner is USER:GROUP"

program=$(dirname "$(realpath "$0")")/fabric-network-extension
directory=$extensions/$name
# CloudStack's own path for an extension that is registered without one.
target=$directory/$name.sh

# What is wrong with what is in place, one line each.
faults() {
  [[ -e $target || -L $target ]] || { echo "$target is not there"; return; }
  [[ -f $target && ! -L $target ]] || echo "$target is not a regular file; CloudStack takes no other"
  local path=$target
  while [[ -e $path && $path != / ]]; do
    local mode
    mode=$(stat -L -c %a "$path")
    # A directory with the sticky bit protects what is in it.
    if ((8#$mode & 8#022)) && ! { [[ -d $path ]] && ((8#$mode & 8#1000)); }; then
      echo "$path may be changed by others (mode $mode): chmod go-w $path"
    fi
    path=$(dirname "$path")
  done
  [[ $(stat -c %U:%G "$target") == "$owner" ]] || echo "$target belongs to $(stat -c %U:%G "$target"): chown $owner $target"
  [[ $(stat -c %a "$target") == 755 ]] || echo "$target has mode $(stat -c %a "$target"): chmod 755 $target"
  [[ ! -f $program ]] || cmp -s "$program" "$target" || echo "$target is another one than $program"
}

if [[ -z $check ]]; then
  ((EUID == 0)) || fail "run it as root"
  getent passwd "${owner%:*}" >/dev/null || fail "there is no user ${owner%:*}: is this a CloudStack management server?"
  getent group "${owner#*:}" >/dev/null || fail "there is no group ${owner#*:}"
  [[ -f $program ]] || fail "$program is not there: unpack the whole directory"
  [[ -d $extensions ]] || fail "$extensions is not there: is this a CloudStack management server of 4.23 or later?"
  [[ ! -L $directory && (! -e $directory || -d $directory) ]] || fail "$directory is there and is no directory"
  [[ ! -L $target && (! -e $target || -f $target) ]] || fail "$target is there and is no regular file"

  # The program needs the system's OpenSSL and C++ library; it says so before anything is replaced.
  said=$("$program" 2>&1) && fail "the program ends well without arguments: it is not the one"
  grep -q 'usage: fabric-network-extension' <<<"$said" || fail "the program does not run here: $(head -n 1 <<<"$said")"
  ldconfig -p 2>/dev/null | grep -qE 'libssl\.so\.(3|1\.1)' || fail "OpenSSL is missing: install the package libssl3 (Debian, Ubuntu) or openssl-libs (RHEL)"

  # A command that runs keeps the file that it was started from.
  install -d -o "${owner%:*}" -g "${owner#*:}" -m 755 "$directory"
  new=$(mktemp "$directory/.new.XXXXXX")
  trap 'rm -f "$new"' EXIT
  install -o "${owner%:*}" -g "${owner#*:}" -m 755 "$program" "$new"
  mv -f "$new" "$target"
fi

found=$(faults)
if [[ -n $found ]]; then
  echo "$found" >&2
  exit 1
fi

echo "$target is in place"
echo "compare on each management server: sha256 $(sha256sum "$target" | cut -d ' ' -f 1)"
