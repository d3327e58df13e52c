#!/bin/bash
# Runs as pid 1 in the guest: the camera is enumerated, then breaks while a kiosk is in a call, and a peer says what it sees of it.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck disable=SC2154   # an argument of the kernel
cp "/mnt$registry" "$GST_REGISTRY"
export GST_REGISTRY_UPDATE=no
recovery_ms=${recovery_ms:-10000}   # a machine that builds something else is slow; docs/promises.md says what it takes on an idle one
patience_s=20      # the longest that anything else may take

end() { exec 6>&-; echo "camera: $1"; guest-poweroff; }
fail() { echo "failed: $*"; printf '%s\n' "${said[@]}"; cat /run/watch.log; end failed; }
export RUST_LOG=${RUST_LOG:-info}
said=()
now-ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
vivid() { v4l2-ctl -d "$(camera)" --set-ctrl "$1"; }

# lists WORDS...: the enumeration says each of them at the beginning of a line
lists() { local words; for words in "$@"; do grep -q "^$words" /run/cameras || { cat /run/cameras; fail "the enumeration lacks '$words'"; }; done; }
# seen WORD: until the peer or the kiosk says it. $at: when, in ms; $sentence: the rest of its line
seen() {
  while read -r -t "$patience_s" -u 3 at word sentence; do
    said+=("$at $word $sentence")
    [[ $word != "$1" ]] || return 0
    [[ $word != failed ]] || fail "the call: $sentence"
  done
  fail "not seen within $patience_s s: $1"
}
# untroubled SECONDS: for so long the kiosk does not take its camera for missing
untroubled() {
  local until=$(($(now-ms) + $1 * 1000))
  while (($(now-ms) < until)) && read -r -t "$1" -u 3 at word sentence; do
    [[ $word != missing && $word != failed ]] || fail "seen, and should not be: $word $sentence"
  done
}
# live-again WHAT SINCE_MS: the camera's picture is back, in time
live-again() {
  seen ready; seen live
  local took=$((at - $2))
  echo "camera: $1: live again after $took ms"
  ((took <= recovery_ms)) || fail "$1: $took ms, more than $recovery_ms ms"
}
# watch: starts the kiosk and its call
watch() {
  exec 6>&-
  [[ -z ${watcher:-} ]] || wait "$watcher"
  mkfifo "/run/watch.$((++watches))" "/run/hold.$watches"
  # shellcheck disable=SC2154   # an argument of the kernel
  "/mnt$binaries/camera_watch" /run/kioskd.toml <"/run/hold.$watches" >"/run/watch.$watches" 2>>/run/watch.log &
  watcher=$!
  exec 6>"/run/hold.$watches" 3<"/run/watch.$watches"
}

# Without udev: names from sysfs.
"/mnt$binaries/examples/cameras" >/run/cameras 2>&1
lists 'names: platform-vivid.0-video-index0' 'stable: none'
start-udev
"/mnt$binaries/examples/cameras" brightness=10 'menu=menu item 4' sensor_flipped_vertically=true power_line=1 >/run/cameras 2>&1
lists 'camera: /dev/video[0-9]* vivid vivid platform:vivid-000' 'stable: /dev/v4l/by-path/platform-vivid.0-video-index0' 'access: Some(V4l2)' \
  'format: YUYV 640x360 at 1 2 4 5 10 12.5 15 25 30 40 50 60 120' 'format: NV12 1280x720 at .* 30 ' \
  'control: brightness 0x00980900 Integer 0 to 255 = Some(10)' 'control: menu 0x0098f904 Menu 1 to 4 = Some(4) 1=Menu Item 1 3=Menu Item 3 4=Menu Item 4' \
  'control: integer_menu 0x0098f907 Menu 1 to 8 = Some(4) 2=2 3=3 4=5' 'control: sensor_flipped_vertically 0x00f0f014 Boolean\|control: sensor_flipped_vertically 0x00f0f015 Boolean 0 to 1 = Some(1)' \
  'complaint: there is no control power_line; this camera has brightness, contrast' \
  'mode: 640x480@30 is YU12 640x480@30' 'mode: 1000x700@30 is YU12 1280x720@30: the smallest that covers' 'contract: kept by 1'
echo "camera: found with $(grep -c ^format: /run/cameras) formats and sizes and $(grep -c ^control: /run/cameras) controls, $(grep ^asked: /run/cameras)"

cat >/run/kioskd.toml <<TOML
[camera]
width = 640
height = 360
framerate = 15
[camera.controls]
brightness = 128
test_pattern = "100% Green"
osd_text_mode = "None"
[sound]
microphone = "none"
loudspeaker = "none"
[panel]
cec = false
[paths]
state_dir = "/run/kioskd-state"
control_socket = "/run/kioskd-control"
TOML

watch
seen live
echo "camera: in a call with the controls of the config"

# Its nodes are dead until the last who has one open closes it: this script holds one, so that the kiosk cannot be that one.
exec 5<"$(camera)"
vivid disconnect=1
seen missing
sleep 3   # long enough that it is tried as seldom as ever
back=$(now-ms); exec 5<&-
live-again 'disconnected and back, without a uevent' "$back"

for fault in reqbufs streamon qbuf; do
  began=$(now-ms)
  vivid "inject_vidioc_${fault}_error=1"
  vivid inject_fatal_streaming_error=1   # it streams already: it has to begin anew to run into this one
  seen missing
  live-again "error of VIDIOC_${fault^^}" "$began"
done
began=$(now-ms)
vivid inject_fatal_streaming_error=1
seen missing
live-again 'fatal error while streaming' "$began"

vivid inject_v4l2_buf_flag_error=1
vivid inject_vidioc_qbuf_error=1
untroubled 2
vivid percentage_of_dropped_buffers=30
untroubled 3
echo 'camera: a broken picture, a lost buffer and 30 % dropped pictures do not trouble it'
vivid percentage_of_dropped_buffers=100
seen missing
[[ $sentence == *'stands still'* ]] || fail "a frozen camera is called: $sentence"
back=$(now-ms); vivid percentage_of_dropped_buffers=0
live-again 'frozen and back' "$back"

camera-off
seen missing
back=$(now-ms); camera-on
live-again 'unplugged and plugged in' "$back"

camera-off
seen missing
watch
seen placeholder
back=$(now-ms); camera-on
live-again 'no camera when the kiosk started, then one' "$back"
end passed
