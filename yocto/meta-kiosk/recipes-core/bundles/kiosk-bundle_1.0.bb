SUMMARY = "An update for kiosks"
DESCRIPTION = "RAUC bundle, signed and checked block by block, of what kiosk-image has in a slot."
HOMEPAGE = "https://example.org/kioskd"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
                    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

# Images alone.
SRC_URI = ""

inherit bundle features_check

REQUIRED_DISTRO_FEATURES = "kiosk rauc"
COMPATIBLE_MACHINE = "^(qemuarm64|raspberrypi4-64|raspberrypi5)$"

RAUC_BUNDLE_COMPATIBLE = "kiosk-${MACHINE}"
RAUC_BUNDLE_VERSION = "${@kiosk.crates.version(d.getVar('KIOSK_TREE') + '/Cargo.toml')}"
RAUC_BUNDLE_FORMAT = "verity"

RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "kiosk-image"
RAUC_SLOT_rootfs[fstype] = "ext4"

# The firmware reads the kernel from a partition of its own.
RAUC_BUNDLE_SLOTS:append:rpi = " boot"
RAUC_SLOT_boot = "kiosk-boot"
RAUC_SLOT_boot[type] = "file"
RAUC_SLOT_boot[file] = "kiosk-boot-${MACHINE}.vfat"
