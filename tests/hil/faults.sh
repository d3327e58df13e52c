#!/bin/bash
# Runs as pid 1 in the guest: kioskd starts with no camera, no sound card and no monitor; faults.mjs, outside, plugs them in, and then breaks
# one after another.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

camera-off; card-off; monitor-off
start-udev
# vivid CONTROL=VALUE: makes the camera fail as its driver can (Documentation/admin-guide/media/vivid.rst, "Vivid Controls")
vivid() { v4l2-ctl -d "$(camera)" --set-ctrl "$1"; }
start-kioskd Board
serve "$here"
guest-poweroff
