#!/bin/bash
# Runs as pid 1 in the guest: every way of getting a picture onto a display card (hal/examples/screen.rs), on vkms, read back from what it
# scans out (scanout.py). With `measure` among the kernel's arguments: how long the processor is busy with each.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
start-udev
# The text console's picture, to be found again: the kernel shows it when nobody has the card open any more.
exec 3<>/dev/dri/card0; exec 3>&-
yes 'as it was found' | head -c 3145728 >/dev/fb0
# shellcheck disable=SC2154   # an argument of the kernel
"/mnt$binaries/examples/screen" "$here/scanout.py" ${measure:+measure} 2>&1
guest-poweroff
