# shellcheck shell=bash
# board.sh: to be sourced after guest.sh by an INIT script whose kioskd is driven from outside (outside.mjs). Arguments of the kernel:
# registry=FILE, binaries=DIRECTORY.

# The guest's own scan of the plugins would take four seconds of its one processor; the files are the same.
# shellcheck disable=SC2154   # an argument of the kernel
cp "/mnt$registry" "$GST_REGISTRY"
export GST_REGISTRY_UPDATE=no
exec 4>&1   # the console, also where stdout goes to the script outside

# start-kioskd NAME [LINE...]: on vivid, the card Loopback and the screen (small, for the sake of the guest's one processor); LINEs of TOML come
# last, below [panel]. `eyes.py` speaks into hw:Loopback,0,0, which is recorded from hw:Loopback,1,0, and records from hw:Loopback,1,1 what is
# played into hw:Loopback,0,1. The command of `within`, an array, runs it; `server` is the server's name.
within=()
start-kioskd() {
  cat >/run/kioskd.toml <<TOML
[kiosk]
name = "$1"
[server]
url = "ws://${server:-10.77.0.1}:3030/signaling"
allow_plain = true
[trust]
unknown = "ring-unverified"
[camera]
width = 640
height = 360
framerate = 15
[sound]
microphone = "plughw:Loopback,1,0"
loudspeaker = "plughw:Loopback,0,1"
[paths]
state_dir = "/run/kioskd-state"
control_socket = "/run/kioskd-control"
[panel]
mode = "640x480"
TOML
  printf '%s\n' "${@:2}" >>/run/kioskd.toml
  # shellcheck disable=SC2154   # an argument of the kernel
  "${within[@]}" "/mnt$binaries/kioskd" --config /run/kioskd.toml 2>&1 | while read -r line; do echo "kioskd: $EPOCHREALTIME $line"; done >&4 &
  kioskd=$!
}
# stop-kioskd: returns when it has ended and all of its log is out.
stop-kioskd() { kill "$(pidof kioskd)"; wait "$kioskd"; }
# ctl ARGUMENT...: kioskctl
ctl() { "/mnt$binaries/kioskctl" --socket /run/kioskd-control "$@"; }
# tap LINE: a press as long as a finger's; what is shorter than 5 ms is taken for a bouncing contact (board.dts).
tap() { press "$1"; sleep 0.1; release "$1"; }
# bad-network NETEM...: see tc-netem(8); what this guest sends.
bad-network() { tc qdisc replace dev vec0 root netem "$@"; }

# serve: connects to the script outside, and obeys it: a line is a function of these scripts or a command of eyes.py, with its arguments. Its
# output goes back, and a line with a dot ends it. Returns at the line `end`.
serve() {
  local here=$1 words
  # It listens before it is told anything; until then the connection is refused.
  until exec 3<>/dev/tcp/10.77.0.1/3031; do sleep 0.2; done 2>/dev/null
  printf '%s ' "${guest:-1}" >&3
  # It answers by itself: this shell would read its answers byte by byte, a tenth of a millisecond each.
  exec 5> >(exec /usr/bin/python3 "$here/eyes.py" >&3)
  while read -r -u 3 -a words && [[ ${words[0]} != end ]]; do
    if declare -F "${words[0]}" >/dev/null; then
      "${words[@]}" >&3
      echo . >&3
    else
      echo "${words[*]}" >&5
    fi
  done
}
