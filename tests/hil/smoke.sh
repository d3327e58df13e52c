#!/bin/bash
# Runs as pid 1 in the guest: is every simulated device there, and does it do what the daemon will ask of it? Prints one line a
# device, `name: what was seen`, and `smoke: done` last; tests/hil/run compares.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"

# event FD: the next struct input_event (24 bytes: two 64-bit times, then type and code of 16 bits and value of 32) of an open device
event() { local field; read -r -a field < <(head -c 24 <&"$1" | od -An -w24 -tu2); echo "type ${field[8]} code ${field[9]} value ${field[10]}"; }
# the input device of the gpio-keys buttons
keys() { local n; for n in /sys/class/input/event*; do [[ $(<"$n/device/name") != gpio-keys ]] || echo "/dev/input/${n##*/}"; done; }

device=$(camera)
echo "camera: $(<"/sys/class/video4linux/${device##*/}/name")"
formats=$(v4l2-ctl -d "$device" --list-formats-ext)
[[ $formats != *640x360* ]] || echo "camera size: 640x360"
echo "camera bytes: $(v4l2-ctl -d "$device" --set-fmt-video=width=640,height=360,pixelformat=YUYV --stream-mmap --stream-count=1 --stream-to=- 2>/dev/null | wc -c)"
for card in Loopback Dummy; do [[ ! -e /proc/asound/$card ]] || echo "sound card: $card"; done
[[ ! -c /dev/dri/card0 ]] || echo "screen: $(basename "$(readlink -f /sys/class/drm/card0/device)") $(</sys/class/drm/card0-Virtual-1/status)"

# The device is open before the button is pressed, so that no event can be missed.
exec 3<"$(keys)"
press 4; echo "call button down: $(event 3)"; event 3 >/run/sync
release 4; echo "call button up: $(event 3)"

led=/sys/class/leds/kiosk:green:call
echo "call light before: $(lamp 8)"
echo 1 >"$led/brightness"; echo "call light on: $(lamp 8)"
echo 0 >"$led/brightness"; echo "call light off: $(lamp 8)"
echo "network: $(ip -br addr show vec0 | awk '{ print $3 }')"
echo "smoke: done"
guest-poweroff
