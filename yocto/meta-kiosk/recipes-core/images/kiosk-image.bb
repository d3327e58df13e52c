SUMMARY = "A kiosk, ready to be flashed"
DESCRIPTION = "Read-only root in two slots, a data partition, a first partition that any computer can write its config to."
HOMEPAGE = "https://example.org/kioskd"
LICENSE = "MIT | Apache-2.0"

inherit core-image features_check

REQUIRED_DISTRO_FEATURES = "kiosk rauc systemd"
COMPATIBLE_MACHINE = "^(qemuarm64|raspberrypi4-64|raspberrypi5)$"

IMAGE_FEATURES += "read-only-rootfs ssh-server-openssh"
IMAGE_INSTALL = "\
    kiosk-system \
    kiosk-update \
    packagegroup-core-boot \
    packagegroup-kiosk \
    packagegroup-kiosk-admin \
    ${CORE_IMAGE_EXTRA_INSTALL} \
"
# The boot loader reads the kernel from the slot.
IMAGE_INSTALL:append:qemuarm64 = " kernel-image kernel-modules libubootenv-bin u-boot-env"
IMAGE_LINGUAS = ""

IMAGE_FSTYPES = "ext4 wic.zst wic.bmap"
WKS_FILE:qemuarm64 = "kiosk-qemuarm64.wks"
WKS_FILE:rpi = "kiosk-raspberrypi.wks.in"
# The slots have to be the same on the card and in a bundle.
WIC_CREATE_EXTRA_ARGS = "--no-fstab-update"
IMAGE_BOOT_FILES:qemuarm64 = "boot.scr"
IMAGE_BOOT_FILES:rpi = "kiosk-card/*"
do_image_wic[depends] += "virtual/kernel:do_deploy"
KIOSK_BOOT_DEPENDS = ""
KIOSK_BOOT_DEPENDS:qemuarm64 = "u-boot:do_deploy"
KIOSK_BOOT_DEPENDS:rpi = "kiosk-boot:do_deploy"
do_image_wic[depends] += "${KIOSK_BOOT_DEPENDS}"

# A slot, in KiB: what is larger could not be flashed.
IMAGE_ROOTFS_MAXSIZE = "1572864"
IMAGE_OVERHEAD_FACTOR = "1.1"

# By this confirm-boot knows one build from another.
kiosk_build_id() {
    install -d ${IMAGE_ROOTFS}${nonarch_libdir}/kiosk
    echo "${IMAGE_NAME}" > ${IMAGE_ROOTFS}${nonarch_libdir}/kiosk/build
}
ROOTFS_POSTPROCESS_COMMAND += "kiosk_build_id"
