#!/bin/bash
# Runs as pid 1 in the guest: an idle kioskd, whose mute button latency.py presses when latency.mjs, outside, says so.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

# presses COUNT: how long after each press light and screen changed
presses() { /usr/bin/python3 "$here/latency.py" "$1"; }
start-udev
start-kioskd Board
serve "$here"
guest-poweroff
