FILESEXTRAPATHS:prepend:kiosk := "${THISDIR}/files:"

SRC_URI:append:kiosk:qemuarm64 = " file://kiosk-qemuarm64.cfg"
