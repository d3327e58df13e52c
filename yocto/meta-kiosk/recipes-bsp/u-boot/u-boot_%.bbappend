# qemuarm64 alone: a Raspberry Pi's own firmware chooses the slot.
FILESEXTRAPATHS:prepend:kiosk := "${THISDIR}/files:"

SRC_URI:append:kiosk:qemuarm64 = " \
    file://boot.cmd \
    file://fw_env.config \
    file://kiosk.cfg \
"
UBOOT_ENV:qemuarm64:kiosk = "boot"
UBOOT_ENV_SUFFIX:qemuarm64:kiosk = "scr"
