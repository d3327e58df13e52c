#!/bin/bash
# Runs as pid 1 in the guest: kioskd with its state, and the config that `kioskctl config set` writes, on a small ext4. storage.mjs, outside, fills it
# up and turns it read-only, in a call and before a start.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

disk=/run/disk
truncate -s 8M /run/disk.ext4; mkfs.ext4 -q -m 0 /run/disk.ext4; mkdir "$disk"; mount -o loop /run/disk.ext4 "$disk"
mkdir -p "$disk"/{state,etc/kioskd/kioskd.toml.d}
ln -s "$disk/state" /run/kioskd-state
# To the last block: what is asked for is more than there is, and all that there is stays taken. Written, it would be much work for this one processor.
full-on() { ! fallocate -l 8M "$disk/ballast" && ! echo x >"$disk/probe"; } 2>/dev/null
full-off() { rm -f "$disk/ballast"; }
# What the kernel does where a disk fails: whoever has files open cannot keep it from this.
read-only-on() { echo u >/proc/sysrq-trigger; while echo x >"$disk/probe"; do sleep 0.1; done; } 2>/dev/null
read-only-off() { mount -o remount,rw "$disk"; }
# tells ARGUMENT...: what kioskctl says, and how it ends
tells() { ctl "$@" 2>&1; echo "exit $?"; }
# What is on the disk, not by way of kioskd.
kept() { cat "$disk/$1"; echo; }   # the JSON ends in no line, and an answer has to
lines-kept() { python3 -c 'import sqlite3; [print(text) for text, in sqlite3.connect("file:/run/kioskd-state/chat.db?mode=ro", uri=True).execute("SELECT text FROM line")]'; }
# start: kioskd, which keeps what is said
start() { start-kioskd Board '[chat]' 'keep = "7d"'; }

# That there are pictures counts here, not how many.
export KIOSKD_CAMERA_FRAMERATE=10
start-udev
start
serve "$here"
guest-poweroff
