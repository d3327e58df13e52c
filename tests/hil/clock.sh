#!/bin/bash
# Runs as pid 1 in the guest: kioskd starts where nothing keeps the time, in 1970; clock.mjs, outside, sets the clock, rightly and wrongly.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

# set-clock SECONDS: since 1970
set-clock() { date --set "@$1" >/dev/null; }
set-clock 7
# That there are pictures counts here, not how many.
export KIOSKD_CAMERA_FRAMERATE=10
start-udev
start-kioskd Board
serve "$here"
guest-poweroff
