#!/bin/bash
# Runs as pid 1 in the guest: kioskd in a network namespace of its own, on a cable to the router that the guest is now. So what is done to its
# network is not done to the way by which outage.mjs, outside, says what to do. Its default route is its only way to the server.
here=${BASH_SOURCE[0]%/*}
# shellcheck source-path=SCRIPTDIR source=guest.sh
. "$here/guest.sh"
# shellcheck source-path=SCRIPTDIR source=board.sh
. "$here/board.sh"

ip netns add kiosk
ip link add board type veth peer name eth0 netns kiosk
# Not a bridge: the raw socket behind vec0 gives it back what others than itself send. Whoever asks for a far address is answered at once.
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.{board,vec0}.proxy_arp=1 net.ipv4.neigh.{board,vec0}.proxy_delay=0
cable-off() { ip link set board down; }
cable-on() { ip link set board up; ip route add 10.77.0.9 dev board; ip route add 10.77.0.7 dev board; }
cable-on
inside() { ip -n kiosk "$@"; }
inside link set lo up; inside link set eth0 up
# Without IPv6 there is one way between the two, which can be cut.
nsenter --net=/run/netns/kiosk sysctl -qw net.ipv6.conf.all.disable_ipv6=1

# address OLD NEW: what another lease does
address() { inside addr del "$1/32" dev eth0 2>/dev/null; inside addr add "$2/32" dev eth0; route-on; }
route-off() { inside route del default; }
route-on() { inside route replace default dev eth0; }
address 10.77.0.9 10.77.0.9

# The server has a name.
echo 10.77.0.1 server.kiosk.test >/run/hosts; mount --bind /run/hosts /etc/hosts
echo nameserver 10.77.0.99 >/run/resolv.conf; mount --bind /run/resolv.conf "$(realpath /etc/resolv.conf)"
names-off() { : >/run/hosts; }
names-on() { echo 10.77.0.1 server.kiosk.test >/run/hosts; }

start-udev
# shellcheck disable=SC2034   # of board.sh
within=(nsenter --net=/run/netns/kiosk) server=server.kiosk.test
start-kioskd Board
serve "$here"
guest-poweroff
