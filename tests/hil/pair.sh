#!/bin/bash
# Runs as pid 1 in each of two guests: a kioskd whose camera and microphone deliver what the other guest's do not. pair.mjs, outside, presses
# the buttons.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

start-udev
# vivid's patterns 7 and 8: red, green
v4l2-ctl -d "$(camera)" --set-ctrl "test_pattern=$((6 + ${guest:-1}))"
serve "$here"
guest-poweroff
