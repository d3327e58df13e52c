SUMMARY = "Daemon that turns a board into a video-call point, and kioskctl"
SUMMARY:kioskctl = "Looks after kioskd: status, calls, trust, devices, config"
DESCRIPTION = "A video-call point on a single-board computer with a camera, a screen, a loudspeaker and a few buttons: \
               no desktop, no browser. Calls are signed from end to end; an operator answers in a browser or at another kiosk."
HOMEPAGE = "https://example.org/kioskd"
SECTION = "net"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=255cb614404468d636c555ceaedab726 \
                    file://LICENSE-MIT;md5=4e220e0d200ffef2d0901a861defc525 \
                    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57"

DEPENDS = "alsa-lib gstreamer1.0 gstreamer1.0-plugins-bad gstreamer1.0-plugins-base libxkbcommon udev"

inherit kiosk_cargo features_check systemd useradd

REQUIRED_DISTRO_FEATURES = "alsa kiosk seccomp systemd"

KIOSK_PACKAGES = "kioskd"

# The same accounts as kioskd.sysusers makes on a running system: a read-only root has them from the start.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system kiosk-admin; --system render; --system kioskd"
USERADD_PARAM:${PN} = "--system --gid kioskd --groups kiosk-admin,video,render,audio,input --comment 'Kiosk daemon' \
                       --home-dir ${localstatedir}/lib/kioskd --no-create-home --shell ${sbindir}/nologin kioskd"

do_install() {
    install -D -m 0755 -t ${D}${bindir} ${B}/target/${CARGO_TARGET_SUBDIR}/kioskd ${B}/target/${CARGO_TARGET_SUBDIR}/kioskctl

    install -D -m 0644 -t ${D}${systemd_system_unitdir} ${S}/systemd/kioskd.service ${S}/systemd/provision/kioskd-provision.service \
        ${S}/systemd/kioskd-reboot/kioskd-reboot.path ${S}/systemd/kioskd-reboot/kioskd-reboot.service
    install -D -m 0644 -t ${D}${systemd_unitdir}/system-preset ${S}/systemd/80-kioskd.preset
    install -D -m 0644 ${S}/systemd/kioskd.sysusers ${D}${nonarch_libdir}/sysusers.d/kioskd.conf
    install -D -m 0644 ${S}/systemd/kioskd.tmpfile ${D}${nonarch_libdir}/tmpfiles.d/kioskd.conf
    install -D -m 0644 -t ${D}${nonarch_libdir}/udev/rules.d ${S}/systemd/70-kioskd.rules
    install -D -m 0644 -t ${D}${nonarch_libdir}/systemd/catalog ${S}/systemd/kioskd.catalog
    install -D -m 0644 -t ${D}${sysconfdir}/kioskd ${S}/systemd/kioskd.toml
    install -D -m 0644 -t ${D}${docdir}/kioskd ${S}/docs/operations.md ${S}/systemd/kioskd.service.d/identity.conf.example
    install -D -m 0644 -t ${D}${docdir}/kioskd/monitoring ${S}/docs/monitoring/*

    # Where volatile-binds puts what is kept: on a read-only root they have to be there.
    install -d ${D}${sysconfdir}/kioskd/kioskd.toml.d
    install -d -m 0700 ${D}${sysconfdir}/credstore.encrypted
}

PACKAGE_BEFORE_PN = "kioskctl"

SYSTEMD_SERVICE:${PN} = "kioskd.service kioskd-provision.service kioskd-reboot.path"

FILES:kioskctl += "${bindir}/kioskctl"
FILES:${PN} += "${nonarch_libdir} ${systemd_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/kioskd/kioskd.toml"

# Elements that kioskd makes; packagegroup-kiosk has fonts and what is only wished for.
RDEPENDS:${PN} = "\
    ca-certificates \
    gstreamer1.0-plugins-bad-dtls \
    gstreamer1.0-plugins-bad-sctp \
    gstreamer1.0-plugins-bad-srtp \
    gstreamer1.0-plugins-bad-videoparsersbad \
    gstreamer1.0-plugins-bad-webrtc \
    gstreamer1.0-plugins-base-alsa \
    gstreamer1.0-plugins-base-app \
    gstreamer1.0-plugins-base-audioconvert \
    gstreamer1.0-plugins-base-audiomixer \
    gstreamer1.0-plugins-base-audioresample \
    gstreamer1.0-plugins-base-audiotestsrc \
    gstreamer1.0-plugins-base-opus \
    gstreamer1.0-plugins-base-playback \
    gstreamer1.0-plugins-base-typefindfunctions \
    gstreamer1.0-plugins-base-videoconvertscale \
    gstreamer1.0-plugins-base-videorate \
    gstreamer1.0-plugins-base-videotestsrc \
    gstreamer1.0-plugins-base-volume \
    gstreamer1.0-plugins-good-jpeg \
    gstreamer1.0-plugins-good-level \
    gstreamer1.0-plugins-good-rtp \
    gstreamer1.0-plugins-good-rtpmanager \
    gstreamer1.0-plugins-good-video4linux2 \
    gstreamer1.0-plugins-good-vpx \
    gstreamer1.0-plugins-good-wavenc \
    gstreamer1.0-plugins-good-wavparse \
    kioskctl \
    libnice \
    xkeyboard-config \
"
