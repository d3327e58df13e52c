#!/bin/bash
# Runs as pid 1 in the guest: sound on the ALSA cards Loopback and Dummy. `parts=…` among the kernel's arguments: only these, of mixer,kioskd,cards,
# latency and echo.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck disable=SC2154   # an argument of the kernel
cp "/mnt$registry" "$GST_REGISTRY"
export GST_REGISTRY_UPDATE=no
start-udev
# shellcheck disable=SC2154   # an argument of the kernel
examples=/mnt$binaries/examples
dummy-off() { of-driver snd_dummy unbind snd_dummy.0; }
dummy-on() { of-driver snd_dummy bind snd_dummy.0; }
ctl() { "/mnt$binaries/kioskctl" --socket /run/kioskd-control "$@"; }
fail() { echo "failed: $*"; guest-poweroff; exit 1; }
# within SECONDS WHAT COMMAND...: until it succeeds; says after how many milliseconds
within() {
  local began=${EPOCHREALTIME/./} limit=$1 what=$2 took; shift 2
  until "$@" >/dev/null 2>&1; do
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    ((took < limit * 1000)) || { ctl status --json; fail "$what: not within $limit s"; }
    sleep 0.05
  done
  echo "sound: $what after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}
# volume-is PERCENT: within what the card's steps allow
volume-is() { local now; now=$("$examples/sound_cards" | sed -n 's/^volume: Dummy \([0-9]*\) %$/\1/p'); ((now >= $1 && now <= $1 + 2)); }
status-says() { ctl status --json | grep -q "$1"; }
devices-say() { ctl devices --json | grep -q "$1"; }

part-mixer() { "$examples/sound_cards" hw:Dummy 2>&1 | grep -x 'contract: kept by hw:Dummy' || fail "the mixer of Dummy does not keep the contract"; }

# No card at boot; then one comes, goes and comes back. The volume follows.
part-kioskd() {
  card-off; dummy-off
  cat >/run/kioskd.toml <<TOML
[server]
url = "ws://127.0.0.1:3030/signaling"
[camera]
source = "none"
[sound]
volume = 55
[paths]
state_dir = "/run/kioskd-state"
control_socket = "/run/kioskd-control"
TOML
  "/mnt$binaries/kioskd" --config /run/kioskd.toml 2>&1 | sed -u 's/^/kioskd: /' &
  within 30 'without a card kioskd says that it has no microphone and no loudspeaker' status-says 'No microphone and no loudspeaker was found'
  dummy-on
  # The first start tries the encoders before it looks at anything else.
  within 30 'a card that comes is taken' status-says '"sound":{"problem":null,"ready":true}'
  within 5 'its volume is set' volume-is 55
  devices-say 'microphone: a card for both ways' || fail "kioskctl devices does not say why the card was taken"
  ctl volume 80 || fail "kioskctl volume"
  within 5 'another volume is set' volume-is 80
  dummy-off
  within 5 'a card that goes is missed' status-says '"sound":{"problem":"No microphone'
  dummy-on
  within 5 'a card that comes back is taken' status-says '"sound":{"problem":null,"ready":true}'
  within 5 'it is as loud as before' volume-is 80
  kill "$(pidof kioskd)"; wait
  card-on
}

part-cards() { "$examples/sound" cards 2>&1 || fail "cards"; }
part-latency() { "$examples/sound" latency 2>&1 || fail "latency"; }
part-echo() { "$examples/sound" echo 2>&1 || fail "echo"; }

parts=${parts:-mixer,kioskd,cards,latency,echo}
for part in ${parts//,/ }; do "part-${part}"; done
echo 'sound: passed'
guest-poweroff
