SUMMARY = "Signaling server for kiosks, with TURN credentials and the operator page"
DESCRIPTION = "Brings kiosks and the operators who answer them together: rooms over WebSockets, credentials for TURN, metrics, \
               and the operator's page. What they say to each other is signed by them and goes past it."
HOMEPAGE = "https://example.org/kioskd"
SECTION = "net"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=255cb614404468d636c555ceaedab726 \
                    file://LICENSE-MIT;md5=4e220e0d200ffef2d0901a861defc525 \
                    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# The operator's page, as `make console` leaves it in the clone: npm is no part of this build. Empty: a server without a page.
KIOSK_CONSOLE ?= "${KIOSK_TREE}/console/dist"
SRC_URI = "${@'file://${KIOSK_CONSOLE};subdir=console' if d.getVar('KIOSK_CONSOLE') else ''}"

inherit kiosk_cargo features_check systemd useradd

REQUIRED_DISTRO_FEATURES = "kiosk systemd"

KIOSK_PACKAGES = "kiosk-server"

# nooelint: oelint.task.noanonpython
python () {
    page = d.getVar("KIOSK_CONSOLE")
    if page and not os.path.isfile(os.path.join(page, "index.html")):
        raise bb.parse.SkipRecipe("%s/index.html is missing: run 'make console' in %s, or set KIOSK_CONSOLE = \"\" for a server without the operator's page" % (page, d.getVar("KIOSK_TREE")))
}

USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --comment 'Kiosk signaling server' --home-dir ${localstatedir}/lib/kiosk-server --no-create-home \
                       --shell ${sbindir}/nologin kiosk-server"

do_configure:prepend() {
    if [ -n "${KIOSK_CONSOLE}" ]; then
        rm -rf ${S}/console/dist
        cp -R ${UNPACKDIR}/console${KIOSK_CONSOLE} ${S}/console/dist
    fi
}

do_install() {
    install -D -m 0755 -t ${D}${bindir} ${B}/target/${CARGO_TARGET_SUBDIR}/kiosk-server
    install -D -m 0644 -t ${D}${systemd_system_unitdir} ${S}/systemd/kiosk-server.service
    install -D -m 0644 -t ${D}${systemd_unitdir}/system-preset ${S}/systemd/80-kiosk-server.preset
    install -D -m 0644 ${S}/systemd/kiosk-server.sysusers ${D}${nonarch_libdir}/sysusers.d/kiosk-server.conf
    install -D -m 0644 ${S}/systemd/kiosk-server.default ${D}${sysconfdir}/default/kiosk-server
    install -D -m 0644 -t ${D}${docdir}/kiosk-server ${S}/docs/server.md ${S}/systemd/kiosk-server.service.d/tls.conf.example
}

SYSTEMD_SERVICE:${PN} = "kiosk-server.service"
FILES:${PN} += "${nonarch_libdir} ${systemd_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/default/kiosk-server"
