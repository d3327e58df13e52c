#!/bin/bash
# Runs as pid 1 in the guest: kioskd on the camera, the sound card and the buttons that the kernel simulates. What happens next is said by
# call.mjs, outside, over TCP: a line a step.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"

# shellcheck disable=SC2154   # an argument of the kernel
cp "/mnt$registry" "$GST_REGISTRY"
export GST_REGISTRY_UPDATE=no

# What is played into hw:Loopback,0 is recorded from hw:Loopback,1: a tone for the microphone, and the loudspeaker's sound for the test.
gst-launch-1.0 -q --no-position audiotestsrc is-live=true freq=700 volume=0.5 ! audio/x-raw,format=S16LE,rate=48000,channels=2 \
  ! alsasink device=hw:Loopback,0,0 >/run/tone.log 2>&1 &
cat >/run/kioskd.toml <<TOML
[kiosk]
name = "Board"
[server]
url = "ws://10.77.0.1:3030/signaling"
allow_plain = true
[trust]
unknown = "ring-unverified"
[camera]
source = "$(camera)"
width = 640
height = 360
framerate = 15
[sound]
microphone = "plughw:Loopback,1,0"
loudspeaker = "plughw:Loopback,0,1"
[panel]
size = "640x360"
[paths]
state_dir = "/run/kioskd-state"
control_socket = "/run/kioskd-control"
TOML
# shellcheck disable=SC2154   # an argument of the kernel
ctl() { "/mnt$binaries/kioskctl" --socket /run/kioskd-control "$@"; }

# The script outside listens before it is told anything; until then the connection is refused.
until exec 3<>/dev/tcp/10.77.0.1/3031; do sleep 0.2; done 2>/dev/null
"/mnt$binaries/kioskd" --config /run/kioskd.toml 2>&1 | sed 's/^/kioskd: /' &

while read -r -u 3 -a words; do
  arguments=("${words[@]:1}")
  case ${words[0]} in
    # As long as a finger: what is shorter than 5 ms is taken for a bouncing contact (board.dts).
    press) press "${arguments[0]}"; sleep 0.1; release "${arguments[0]}" ;;
    lamp) lamp "${arguments[0]}" >&3 ;;
    status) ctl status --json >&3 ;;
    screen) ctl screenshot - | base64 -w 0 >&3; echo >&3 ;;
    # Two seconds of what the loudspeaker plays, as bytes in hexadecimal
    heard) gst-launch-1.0 -q --no-position alsasrc device=plughw:Loopback,1,1 num-buffers=100 buffer-time=200000 latency-time=20000 \
      ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! filesink location=/run/heard >/run/heard.log 2>&1
      od -An -v -tx1 /run/heard | tr -d ' \n' >&3; echo >&3 ;;
    end) break ;;
  esac
done
guest-poweroff
