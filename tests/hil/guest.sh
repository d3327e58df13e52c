# shellcheck shell=bash
# guest.sh: to be sourced first by an INIT script that `boot` runs. Mounts what a guest needs and names its devices.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp XDG_RUNTIME_DIR=/run
mount --bind / /mnt   # this machine's files stay there, also those that the next mounts hide: a checkout may be below /tmp
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp; mount -t debugfs debug /sys/kernel/debug
mountpoint -q /dev || mount -t devtmpfs dev /dev
ln -sfn /proc/self/fd /dev/fd
mkdir -p /dev/shm /dev/pts; mount -t tmpfs shm /dev/shm; mount -t devpts pts /dev/pts
ip link set lo up 2>/dev/null
[[ ! -e /sys/class/net/vec0 ]] || { ip addr add 10.77.0.2/24 dev vec0; ip link set vec0 up; }
export GST_REGISTRY=/run/gst-registry.bin   # written once per boot, about 4 s

# vivid is not always video0: ask for it by name
camera() { local n; for n in /sys/class/video4linux/video*; do [[ $(<"$n/name") != vivid-*-vid-cap ]] || { echo "/dev/${n##*/}"; return; }; done; }
# press LINE / release LINE: a finger on the gpio-keys button wired to gpio-sim line LINE (3 mute, 4 call), active low
press() { echo pull-down >"$(echo /sys/devices/platform/*/gpiochip0/sim_gpio"$1")/pull"; }
release() { echo pull-up >"$(echo /sys/devices/platform/*/gpiochip0/sim_gpio"$1")/pull"; }
# lamp LINE: what the gpio-leds LED wired to gpio-sim line LINE (8 call) gets from the kernel: 0 or 1
lamp() { cat /sys/devices/platform/*/gpiochip0/sim_gpio"$1"/value; }
guest-poweroff() { sync; echo o >/proc/sysrq-trigger; sleep 10; }

# gpio-sim pulls its lines down at first, which active-low buttons read as a finger on each of them.
release 3; release 4
