#!/bin/bash
# Runs in the guest under the rules of kioskd.service, as kioskd's user; or as root, to see what is refused whoever asks.
# shellcheck disable=SC2015,SC2012   # saying something does not fail; device nodes have plain names
say() { echo "probe $1: ${*:2}"; }
opens() { (exec 3<>"$1") 2>/dev/null && echo yes || echo no; }
if ((EUID == 0)); then
  for device in ubda kmsg hwrng; do [[ ! -e /dev/$device ]] || say "root $device" "$(opens "/dev/$device")"; done
  say "root sysctl" "$(opens /proc/sys/kernel/hostname)"
  say "root etc" "$(opens /etc/kioskd/kioskd.toml)"
  exit
fi
say screen "$(opens /dev/dri/card0)"
say camera "$(opens /dev/video0)"
say sound "$(opens "$(ls /dev/snd/controlC* | head -n 1)")"
say buttons "$(opens "$(ls /dev/input/event* | head -n 1)")"
say memory "$(opens /dev/dma_heap/system)"
say light "$(opens /sys/class/leds/kiosk:green:call/brightness)"
say home "$(ls /root >/dev/null 2>&1 && echo yes || echo no)"
say state "$( (echo x >/var/lib/kioskd/probe && rm /var/lib/kioskd/probe) 2>/dev/null && echo yes || echo no)"
say capabilities "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
# Encoders of which some compile what they run (ORC, x264), where no memory may be written and run.
for encoder in vp8enc x264enc openh264enc; do
  gst-launch-1.0 -q videotestsrc num-buffers=5 ! video/x-raw,format=YUY2,width=320,height=240 ! videoconvert ! video/x-raw,format=I420 ! "$encoder" ! fakesink \
    >/tmp/said 2>&1 && say "$encoder" encodes || { say "$encoder" fails; sed 's/^/probe said: /' /tmp/said; }
done
# ORC maps a file of its own: once to write what it compiles, once to run it.
gst-launch-1.0 -q videotestsrc ! video/x-raw,format=YUY2 ! videoconvert ! video/x-raw,format=I420 ! fakesink sync=true & runs=$!
for _ in {1..100}; do grep -q 'r-xs.*orcexec' "/proc/$runs/maps" && break; sleep 0.1; done
say orc "$(grep -c 'r-xs.*orcexec' "/proc/$runs/maps") pieces of compiled code"; kill "$runs"
# A picture of a file, by the process that shuts itself in: eight bytes of header, then four a pixel.
bytes=$(/usr/bin/kioskd --decode-still 64x64+0 </srv/picture.png 2>/tmp/said | wc -c)
((bytes > 8 && (bytes - 8) % 4 == 0)) && say still "is a picture" || say still "$(cat /tmp/said)"
