FILESEXTRAPATHS:prepend:kiosk := "${THISDIR}/files:"

SRC_URI:append:kiosk = " file://kiosk.cfg"
