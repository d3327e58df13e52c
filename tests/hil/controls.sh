#!/bin/bash
# Runs as pid 1 in the guest: buttons and lights (hal/examples/controls.rs) on gpio-keys, uinput and gpio-leds.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
start-udev
# shellcheck disable=SC2154   # an argument of the kernel
RUST_LOG=info "/mnt$binaries/examples/controls" 2>&1
guest-poweroff
