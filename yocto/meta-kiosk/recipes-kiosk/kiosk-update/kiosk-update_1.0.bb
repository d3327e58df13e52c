SUMMARY = "When an updated kiosk counts as good"
DESCRIPTION = "A boot of an update is confirmed by the kiosk's health and undone without it. On Raspberry Pi, RAUC's way to the firmware's tryboot."
HOMEPAGE = "https://example.org/kioskd"
SECTION = "base"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
                    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

SRC_URI = "\
    file://confirm-boot \
    file://kiosk-confirm-boot.service \
    file://kiosk-update.tmpfile \
    file://rauc-tryboot \
"

S = "${UNPACKDIR}"

inherit features_check systemd

REQUIRED_DISTRO_FEATURES = "kiosk rauc systemd"

PACKAGE_ARCH = "${MACHINE_ARCH}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 -t ${D}${systemd_system_unitdir} ${S}/kiosk-confirm-boot.service
    install -D -m 0755 -t ${D}${libexecdir}/kiosk ${S}/confirm-boot
    install -D -m 0644 ${S}/kiosk-update.tmpfile ${D}${nonarch_libdir}/tmpfiles.d/kiosk-update.conf
}

# Others have U-Boot.
do_install:append:rpi() {
    install -D -m 0755 -t ${D}${libexecdir}/kiosk ${S}/rauc-tryboot
}

SYSTEMD_SERVICE:${PN} = "kiosk-confirm-boot.service"
FILES:${PN} += "${libexecdir}/kiosk ${nonarch_libdir}/tmpfiles.d"

RDEPENDS:${PN} = "kioskctl rauc rauc-service"
