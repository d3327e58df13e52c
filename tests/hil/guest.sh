# shellcheck shell=bash
# guest.sh: to be sourced first by an INIT script that `boot` runs. Mounts what a guest needs and names its devices.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp XDG_RUNTIME_DIR=/run
mount --bind / /mnt   # this machine's files stay there, also those that the next mounts hide: a checkout may be below /tmp
here=/mnt$here       # where the script that reads this finds its fellows from now on
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp; mount -t debugfs debug /sys/kernel/debug
mountpoint -q /dev || mount -t devtmpfs dev /dev
ln -sfn /proc/self/fd /dev/fd
mkdir -p /dev/shm /dev/pts; mount -t tmpfs shm /dev/shm; mount -t devpts pts /dev/pts
ip link set lo up 2>/dev/null
[[ ! -e /sys/class/net/vec0 ]] || { ip addr add "10.77.0.$((1 + ${guest:-1}))/24" dev vec0; ip link set vec0 up; }
export GST_REGISTRY=/run/gst-registry.bin   # written once per boot, about 4 s

# start-udev: udev with the system's own rules. It answers for what is there already (names below /dev/v4l, access rights) before it returns,
# and for what comes later. Only for the devices of a kiosk: all of them take two seconds more.
start-udev() {
  local of=(--subsystem-match=video4linux --subsystem-match=sound --subsystem-match=drm --subsystem-match=input --subsystem-match=leds)
  /lib/systemd/systemd-udevd --daemon 2>/dev/null && udevadm trigger --action=add "${of[@]}" && udevadm settle --timeout=30
}
# vivid is not always video0: ask for it by name
camera() { local n; for n in /sys/class/video4linux/video*; do [[ $(<"$n/name") != vivid-*-vid-cap ]] || { echo "/dev/${n##*/}"; return; }; done; }
# press LINE / release LINE: a finger on the gpio-keys button wired to gpio-sim line LINE (3 mute, 4 call), active low
press() { echo pull-down >"$(echo /sys/devices/platform/*/gpiochip0/sim_gpio"$1")/pull"; }
release() { echo pull-up >"$(echo /sys/devices/platform/*/gpiochip0/sim_gpio"$1")/pull"; }
# lamp LINE: what the gpio-leds LED wired to gpio-sim line LINE (8 call, 9 mute, 10 on air, 11 fault) gets from the kernel: 0 or 1
lamp() { cat /sys/devices/platform/*/gpiochip0/sim_gpio"$1"/value; }
# Pulled out and put back, by the driver: as with a real one its nodes go, open files fail, uevents tell. `card-off` returns when all files of
# the card are closed, so it may want to run in the background. The monitor's change is told by a uevent of ours: vkms sends none.
of-driver() { echo "$3" >"/sys/bus/platform/drivers/$1/$2"; }
camera-off() { of-driver vivid unbind vivid.0; }
camera-on() { of-driver vivid bind vivid.0; }
card-off() { of-driver snd_aloop unbind snd_aloop.0; }
card-on() { of-driver snd_aloop bind snd_aloop.0; }
leds-off() { of-driver leds-gpio unbind gpio-leds; }
leds-on() { of-driver leds-gpio bind gpio-leds; }
keys-off() { of-driver gpio-keys unbind gpio-keys; }
keys-on() { of-driver gpio-keys bind gpio-keys; }
monitor-off() { echo off >/sys/class/drm/card0-Virtual-1/status; echo change >/sys/class/drm/card0/uevent; }
monitor-on() { echo detect >/sys/class/drm/card0-Virtual-1/status; echo change >/sys/class/drm/card0/uevent; }
guest-poweroff() { sync; echo o >/proc/sysrq-trigger; sleep 10; }

# gpio-sim pulls its lines down at first, which active-low buttons read as a finger on each of them.
release 3; release 4
