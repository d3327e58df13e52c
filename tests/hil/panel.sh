#!/bin/bash
# Runs as pid 1 in the guest: kioskd on a screen, upright and turned, and a touch screen on it. What happens next is said by panel.mjs, outside.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

start-udev
start-kioskd Board
serve "$here"
guest-poweroff
