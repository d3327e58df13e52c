FILESEXTRAPATHS:prepend:kiosk := "${THISDIR}/rauc-conf:${KIOSK_KEYS}:"

PACKAGE_ARCH:kiosk = "${MACHINE_ARCH}"

KIOSK_VERSION:kiosk = "${@kiosk.crates.version(d.getVar('KIOSK_TREE') + '/Cargo.toml')}"

do_install:prepend:kiosk() {
    grep -q "BEGIN CERTIFICATE" ${UNPACKDIR}/${RAUC_KEYRING_FILE} ||
        bbfatal "${KIOSK_KEYS}/${RAUC_KEYRING_FILE} is missing: devices could verify no update. Run scripts/make-keys ${KIOSK_KEYS}, or set KIOSK_KEYS"
    sed -i -e "s/@MACHINE@/${MACHINE}/; s/@VERSION@/${KIOSK_VERSION}/; s/@KEYRING@/${RAUC_KEYRING_FILE}/" ${UNPACKDIR}/system.conf
}
