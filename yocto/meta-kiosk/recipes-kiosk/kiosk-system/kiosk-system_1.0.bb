SUMMARY = "What a board needs around kioskd"
DESCRIPTION = "Mounts of the boot and data partitions, provisioning from the card, network, watchdog, bounded journal, SSH by keys alone."
HOMEPAGE = "https://example.org/kioskd"
SECTION = "base"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
                    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

SRC_URI = "\
    file://10-boot-partition.conf \
    file://10-kiosk-journald.conf \
    file://10-kiosk-sshd.conf \
    file://10-kiosk-watchdog.conf \
    file://20-wired.network \
    file://25-wireless.network \
    file://boot-firmware.mount \
    file://data.mount \
    file://grow-data \
    file://kiosk-card.service \
    file://kiosk-grow-data.service \
    file://kiosk-wifi.service \
    file://take-card \
"

S = "${UNPACKDIR}"

inherit allarch features_check systemd

REQUIRED_DISTRO_FEATURES = "kiosk systemd"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 -t ${D}${systemd_system_unitdir} ${S}/boot-firmware.mount ${S}/data.mount ${S}/kiosk-card.service \
        ${S}/kiosk-grow-data.service ${S}/kiosk-wifi.service
    install -D -m 0644 -t ${D}${systemd_system_unitdir}/kioskd-provision.service.d ${S}/10-boot-partition.conf
    install -D -m 0644 ${S}/10-kiosk-journald.conf ${D}${systemd_unitdir}/journald.conf.d/10-kiosk.conf
    install -D -m 0644 ${S}/10-kiosk-watchdog.conf ${D}${systemd_unitdir}/system.conf.d/10-kiosk.conf
    install -D -m 0644 -t ${D}${systemd_unitdir}/network ${S}/20-wired.network ${S}/25-wireless.network
    install -D -m 0644 ${S}/10-kiosk-sshd.conf ${D}${sysconfdir}/ssh/sshd_config.d/10-kiosk.conf
    install -D -m 0755 -t ${D}${libexecdir}/kiosk ${S}/grow-data ${S}/take-card
    install -d ${D}/data ${D}/boot/firmware
}

SYSTEMD_SERVICE:${PN} = "boot-firmware.mount data.mount kiosk-card.service kiosk-grow-data.service kiosk-wifi.service"
FILES:${PN} += "/boot/firmware /data ${libexecdir}/kiosk ${systemd_unitdir}"

RDEPENDS:${PN} = "\
    e2fsprogs-e2fsck \
    e2fsprogs-resize2fs \
    openssh-keygen \
    util-linux-lsblk \
    util-linux-partx \
    util-linux-sfdisk \
    volatile-binds \
    wpa-supplicant \
"
