#!/bin/bash
# Runs in the guest, which has a fresh root and systemd: installs the packages and uses them as an admin would. Prints one line a finding,
# `name: what was seen`, and `packages: done` last; `run` compares.
# shellcheck disable=SC2015,SC2012   # saying something does not fail; device nodes have plain names
cd /srv || exit 1
say() { echo "$1: ${*:2}"; }
# until-true SECONDS COMMAND...: waits for it; says how long it took, in ms.
until-true() {
  local began=$EPOCHREALTIME limit=$1; shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME/./} - ${began/./} < limit * 1000000)) || return 1
    sleep 0.1
  done
  echo $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms
}
of() { systemctl show --property="$2" --value "$1"; }
is-new() { local pid; pid=$(of kioskd MainPID); [[ $pid != 0 && $pid != "$1" && $(of kioskd ActiveState) == active ]]; }
# status as NAME: what kioskctl's exit code is for that person
status-as() { runuser -u "$1" -- kioskctl status >/dev/null 2>&1; echo "exit code $?"; }
lamp() { cat "/sys/devices/platform/"*/gpiochip0/sim_gpio"$1"/value; }
blinks() { local first; first=$(lamp "$1"); for _ in 1 2 3 4 5 6 7 8; do sleep 0.2; [[ $(lamp "$1") == "$first" ]] || return 0; done; return 1; }
links() { kioskctl status --json | grep -q '"link":{[^}]*"state":"up"'; }

began=$EPOCHREALTIME
dpkg -i ./*.deb >/run/dpkg.log 2>&1 && say installed yes || { say installed no; cat /run/dpkg.log; }
say "installed in" $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms
say kioskd "$(of kioskd ActiveState) $(of kioskd Type) $(of kioskd UnitFileState)"
say kiosk-server "$(of kiosk-server ActiveState) $(of kiosk-server Type) $(of kiosk-server UnitFileState)"
[[ $(of kioskd ActiveState) == active ]] || journalctl -u kioskd --no-pager | tail -20
say socket "$(stat -c '%A %U %G' /run/kioskd/control)"
say state "$(stat -c '%A %U' /var/lib/kioskd) $(stat -c %A /var/lib/kioskd/identity.key)"
useradd admin; gpasswd --add admin kiosk-admin >/dev/null; useradd stranger
say admin "$(status-as admin)"; say stranger "$(status-as stranger)"
say devices "$(kioskctl devices | awk '$1 == "used" && / (vivid|Dummy|Virtual-1|KEY_PHONE|kiosk:green:call)( |$)/{ print "found" }' | wc -l) of 5 found"
say "light without a server" "$(until-true 60 blinks 11 >/dev/null && echo blinks || echo 'does not blink')"
say "light's files" "$(stat -c '%A %G' /sys/class/leds/kiosk:amber:fault/delay_on)"

printf '[server]\nurl = "ws://127.0.0.1:3030/signaling"\n[panel]\nmode = "640x480"\n' >/etc/kioskd/kioskd.toml
systemctl restart kioskd; say restart "$(of kioskd ActiveState)"
say linked "$(until-true 60 links >/dev/null && echo yes || { kioskctl status --json; echo no; })"
pid=$(of kiosk-server MainPID); systemctl reload kiosk-server
say "server after reload" "$(of kiosk-server ActiveState)$([[ $pid == "$(of kiosk-server MainPID)" ]] && echo ', the same process')"

# A config on the boot partition, taken by root; then by a kioskd that runs. The bad one is explained beside it.
calls-itself() { kioskctl status | sed -n 's/^kiosk *\(.*\) in room .*/\1/p'; }
boot=/boot/firmware; mkdir -p $boot
printf '[kiosk]\r\nname = "Provisioned"\r\n' >$boot/kiosk.toml
systemctl start kioskd-provision && systemctl reload kioskd
is-provisioned() { [[ $(calls-itself) == Provisioned ]]; }
until-true 10 is-provisioned >/dev/null; say reload "$(calls-itself), $(ls $boot)"
printf '[kiosk]\nnmae = "Bad"\n' >$boot/kiosk.toml
systemctl start kioskd-provision 2>/dev/null
printf '[kiosk]\nnmae = "Bad"\n' >/run/kioskd.toml; systemctl reload kioskd 2>/dev/null
say "reload of a bad file" "exit code $?, $(calls-itself), $(ls $boot | tr "\n" " ")"
rm /run/kioskd.toml

pid=$(of kioskd MainPID); kill -KILL "$pid"
took=$(until-true 60 is-new "$pid"); say "after kill -KILL" "${took:+active again}"; say "after kill -KILL in" "$took"

mkdir -p /etc/systemd/system/kioskd.service.d   # a shorter time than the real one, for the test's sake
printf '[Service]\nWatchdogSec=8s\n' >/etc/systemd/system/kioskd.service.d/watchdog.conf
systemctl daemon-reload; systemctl restart kioskd
pid=$(of kioskd MainPID); kill -STOP "$pid"
took=$(until-true 60 is-new "$pid"); say "after kill -STOP" "${took:+active again}"; say "after kill -STOP in" "$took"
journalctl -u kioskd --no-pager | grep -q 'Watchdog timeout' && say watchdog "has fired"
answers() { kioskctl status >/dev/null 2>&1; }
until-true 30 answers >/dev/null; say crashes "$(kioskctl crashes | sed 's/^[^ ]* [^ ]*  //; s/: .*(/: /; s/,.*//' | paste -sd ';')"
# The media thread alone stands still; the others go on, and the loop notices (Documentation/admin-guide/cgroup-v2.rst, "Threads", "cgroup.freeze").
pid=$(of kioskd MainPID); group=/sys/fs/cgroup$(of kioskd ControlGroup)/still
thread=$(grep -lx media "/proc/$pid/task/"*/comm); thread=${thread%/comm}
mkdir "$group"; echo threaded >"$group/cgroup.type"; echo "${thread##*/}" >"$group/cgroup.threads"; echo 1 >"$group/cgroup.freeze"
say "with a frozen media thread" "$(answers && echo answers)"
took=$(until-true 60 is-new "$pid"); say "after a frozen media thread" "${took:+active again}"; say "after a frozen media thread in" "$took"
until-true 30 links >/dev/null && say "signed in after a frozen media thread" yes
journalctl -u kioskd --no-pager -o cat MESSAGE_ID=5bad91dce1934c15b43cb0dabd7d46d2 | grep -q media && say "the thread that hangs" "is named"
rm /etc/systemd/system/kioskd.service.d/watchdog.conf; systemctl daemon-reload

# The way to a reboot, with a file in place of the reboot: a wish counts once in 6 hours, one that is over never.
say "way to a reboot" "$(of kioskd-reboot.path ActiveState) $(of kioskd-reboot.path UnitFileState)"
mkdir -p /etc/systemd/system/kioskd-reboot.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/touch /var/lib/kioskd-reboot/last\nExecStart=/bin/sh -c "echo >>/var/lib/kioskd-reboot/reboots"\n' >/etc/systemd/system/kioskd-reboot.service.d/test.conf
systemctl daemon-reload
reboots() { local done=/var/lib/kioskd-reboot/reboots; [[ -e $done ]] && wc -l <$done || echo 0; }
wishes() { runuser -u kioskd -- touch /run/kioskd/reboot-wanted; sleep 1; until [[ $(of kioskd-reboot ActiveState) == inactive ]]; do sleep 0.1; done; }
wishes; say "reboots after a wish" "$(reboots)"
wishes; say "reboots after another" "$(reboots)"
rm -f /var/lib/kioskd-reboot/last
systemctl restart kioskd; sleep 1; say "reboots after a restart" "$(reboots)"
wishes; say "reboots 6 hours later" "$(reboots)"
rm -r /etc/systemd/system/kioskd-reboot.service.d; systemctl daemon-reload

# Each start has its line, and the catalog explains it. Of the lines that a person should look at none is of another level.
started=(MESSAGE_ID=6934adeb799f4dc68cd18bb31d1bdb26)
say "starts in the journal" "$(journalctl --no-pager -o cat "${started[@]}" | grep -c 'kiosk starts')"
say catalog "$(journalctl -x --no-pager "${started[@]}" | grep -m 1 -o 'Subject: .*')"
say "lost and found links in the journal" "$(journalctl --no-pager -o cat MESSAGE_ID=6e230dd208af4ce6a6c616f62380c025 | grep -c 'signed in')"
say "warnings in the journal" "$(journalctl -t kioskd -p warning --no-pager -o cat | grep -vc 'WARN\|ERROR') wrong, $(journalctl -t kioskd -p warning --no-pager -o cat | grep -c WARN) right"

# The identity as a credential: the same kiosk, and no key on the disk.
before=$(kioskctl identity)
systemctl stop kioskd
systemd-creds encrypt --name=kioskd.identity /var/lib/kioskd/identity.key /etc/credstore.encrypted/kioskd.identity 2>/dev/null
rm /var/lib/kioskd/identity.key
cp /srv/identity.conf.example /etc/systemd/system/kioskd.service.d/identity.conf
systemctl daemon-reload; systemctl start kioskd
[[ $before == "$(kioskctl identity)" && ! -e /var/lib/kioskd/identity.key ]] && say credential the same identity || say credential "$before, then $(kioskctl identity)"

# What the unit lets through and what not, asked by another program under the same rules.
sed -e 's|^ExecStart=.*|ExecStart=/bin/bash /srv/probe.sh|; s/^Type=.*/Type=oneshot/; /^Restart/d; /^WatchdogSec/d' \
  /usr/lib/systemd/system/kioskd.service >/run/systemd/system/kioskd-probe.service
# Asked by root it is not the files' modes that refuse.
sed 's/^User=.*/User=root/' /run/systemd/system/kioskd-probe.service >/run/systemd/system/kioskd-probe-root.service
systemctl stop kioskd
# One after the other: root's one takes the state directory for itself.
systemctl daemon-reload; systemctl start kioskd-probe; systemctl start kioskd-probe-root
journalctl -u kioskd-probe -u kioskd-probe-root -o cat --no-pager | grep '^probe'

systemctl start kioskd
say "resident memory" "$(sed -n 's/^VmRSS:[[:space:]]*//p' "/proc/$(of kioskd MainPID)/status")"
dpkg --purge kioskd kiosk-server >/run/dpkg.log 2>&1 || cat /run/dpkg.log
say purged "$(ls -d /var/lib/kioskd /var/cache/kioskd /etc/kioskd /usr/bin/kioskd /usr/lib/systemd/system/kioskd.service 2>/dev/null | wc -l) left"
systemctl reset-failed kioskd-provision 2>/dev/null   # it said no to the bad file, as it should
say "failed units" "$(systemctl --failed --no-legend --plain | awk '{ print $1 }' | grep -c kiosk)"
say packages "done"
