#!/bin/bash
# Runs as pid 1 in each of two guests: a kioskd that stays in one call. soak.mjs, outside, presses the buttons, claps, and asks what it costs.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

# resources: kioskd's resident memory in KiB, its file descriptors, its threads (proc_pid_status(5)).
resources() {
  local process name value rest resident threads descriptors
  process=$(pidof kioskd)
  while read -r name value rest; do
    case $name in VmRSS:) resident=$value ;; Threads:) threads=$value ;; esac
  done <"/proc/$process/status"
  descriptors=("/proc/$process/fd/"*)
  echo "$resident ${#descriptors[@]} $threads"
}

# own-colour: vivid's patterns 7 and 8: red, green
own-colour() { v4l2-ctl -d "$(camera)" --set-ctrl "test_pattern=$((6 + ${guest:-1}))"; }

start-udev
own-colour
serve "$here"
guest-poweroff
