#!/bin/bash
# Runs as pid 1 in the guest: one life of a kiosk between two power cuts. Says what it finds after the last one, then changes things by kioskctl,
# and says what is acknowledged. It ends when the power fails. What it says is read by power-cuts, outside. Arguments of the kernel:
# binaries=DIRECTORY, registry=FILE, guest=N, seed=N, first=N (number of the first change), peer=PEERID (to whom lines are said), changes=N.
#
# Not by guest.sh: that mounts what this does not need, and each program that is started costs as much as a write to the disk.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home XDG_RUNTIME_DIR=/run
fail() { echo "failed: $*"; read -r <>/run/never; }
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run; mkdir -p /run/{home,data,root/kioskd}; mkfifo /run/{never,log}
began=$EPOCHREALTIME
mount -t ext4 -o noatime /dev/ubda /run/data || fail 'the data partition cannot be mounted'
mkdir -p /run/data/{config,state}
# This machine has no /etc/kioskd to put the board's over.
mount -t overlay -o ro,lowerdir=/etc:/run/root overlay /etc || fail 'nothing can be put over /etc'
mount --bind /run/data/config /etc/kioskd || fail 'the data partition cannot be put at /etc/kioskd'
# shellcheck disable=SC2154   # an argument of the kernel
ip -batch - <<<"link set lo up
addr add 10.77.0.$((1 + guest))/24 dev vec0
link set vec0 up"
cat >/run/kioskd.toml <<'TOML'
[server]
url = "ws://10.77.0.1:3030/signaling"
allow_plain = true
[trust]
unknown = "ring-unverified"
[camera]
source = "none"
[chat]
keep = "30d"
[paths]
state_dir = "/run/data/state"
control_socket = "/run/kioskd-control"
TOML
# shellcheck disable=SC2154   # an argument of the kernel
export GST_REGISTRY=$registry GST_REGISTRY_UPDATE=no KIOSKD_SOCKET=/run/kioskd-control
# shellcheck disable=SC2154   # an argument of the kernel
ctl() { "$binaries/kioskctl" "$@"; }

# Returns when it has signed in.
start-kioskd() {
  local line
  "$binaries/kioskd" >/run/log 2>&1 &
  exec 6</run/log
  while read -r -u 6 line || fail 'kioskd has ended'; do
    echo "kioskd: $line"
    [[ $line != *'signed in'* ]] || break
  done
  # Not between the words of this script.
  while read -r -u 6 line; do echo "kioskd: $line"; done >/dev/tty1 &
  log=$!
}

# What is on the disk and what kioskd makes of it; a word and a value a line.
tell() {
  local line file files=(/run/data/{state,config/kioskd.toml.d}/*)
  echo "found epoch $(</run/data/state/epoch)"
  echo "found status $(ctl status --json)"
  echo "found health $(ctl health --json)"
  echo "found trust $(ctl trust list --json)"
  ctl chat export --format json | while read -r line; do line=${line##*\"text\":\"}; echo "found line ${line%%\"*}"; done
  for file in "${files[@]}"; do
    # One that is being written now, or was, is not left from before.
    [[ ($file == *.tmp && $file -nt /run/never) || ! -e $file ]] || echo "found file ${file#/run/data/}"
  done
  while read -r line; do echo "found config $line"; done </etc/kioskd/kioskd.toml.d/90-kioskctl.toml
  echo "found errors $(</sys/fs/ext4/ubda/errors_count)"
  echo 'found all'
} 2>/dev/null

# The next change, into the array `change`; `number` makes it another than all before.
choose() {
  # shellcheck disable=SC2154   # an argument of the kernel
  local id to=$peer
  printf -v id '%042dA' $((RANDOM % 16))
  case $((RANDOM % 24)) in
    [0-3]) change=(config set kiosk.name "Board $number") ;;
    [4-6]) change=(config set panel.texts.idle "Press $number") ;;
    7) change=(config unset panel.texts.idle) ;;
    [89] | 1[01]) change=(trust add "$id" --name "Peer $number") ;;
    12) change=(trust remove "$id") ;;
    1[34]) change=(revoke "$id") ;;
    1[5-7]) change=(volume "$((number % 101))") ;;
    23) change=(identity rotate --json) ;;
    *) change=(chat send --to "$to" "line $number") ;;
  esac
}

start-kioskd
echo "up $(((${EPOCHREALTIME/./} - ${began/./}) / 1000))"
tell
# shellcheck disable=SC2154   # arguments of the kernel
for ((RANDOM = seed, number = first; number < first + changes; number++)); do
  choose
  echo "begins $number ${change[*]@Q}"
  if said=$(ctl "${change[@]}" 2>&1); then echo "acknowledged $number $said"; else echo "declined $number $? $said"; fi
  if [[ ${change[*]} == identity* ]]; then wait "$log"; start-kioskd; fi
done
echo 'done'
read -r <>/run/never
