SUMMARY = "What a Raspberry Pi's firmware boots a slot from"
DESCRIPTION = "The boot partition, the same for both slots, as a file for the card and for bundles; and what is on the card's first partition."
HOMEPAGE = "https://example.org/kioskd"
SECTION = "bsp"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
                    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

DEPENDS = "dosfstools-native mtools-native"

SRC_URI = "file://autoboot.txt"

S = "${UNPACKDIR}"

inherit deploy features_check nopackages

REQUIRED_DISTRO_FEATURES = "kiosk rauc"
COMPATIBLE_MACHINE = "^rpi$"

INHIBIT_DEFAULT_DEPS = "1"
PACKAGE_ARCH = "${MACHINE_ARCH}"

# In KiB, as large as the partition in kiosk-raspberrypi.wks.in.
KIOSK_BOOT_SIZE = "131072"
# "FILE" or "FILE;NAME ON THE PARTITION", as IMAGE_BOOT_FILES.
KIOSK_BOOT_FILES = "${@make_dtb_boot_files(d)} ${KERNEL_IMAGETYPE};${SDIMG_KERNELIMAGE}"
KIOSK_CMDLINE = "ro rootfstype=ext4 rootwait quiet panic=10 vt.global_cursor_default=0"

do_configure[noexec] = "1"
do_install[noexec] = "1"

do_compile() {
    rm -rf ${B}/boot
    install -d ${B}/boot
    cp -R ${DEPLOY_DIR_IMAGE}/${BOOTFILES_DIR_NAME}/. ${B}/boot/
    rm -f ${B}/boot/*.stamp
    for entry in ${@' '.join("'%s'" % entry for entry in d.getVar('KIOSK_BOOT_FILES').split())}; do
        install -D -m 0644 ${DEPLOY_DIR_IMAGE}/${entry%%;*} ${B}/boot/${entry##*;}
    done
    common=$(sed -e 's/root=[^ ]*//; s/rootfstype=[^ ]*//; s/rootwait//' ${B}/boot/cmdline.txt | tr -s ' ')
    echo "$common root=/dev/mmcblk0p5 ${KIOSK_CMDLINE} rauc.slot=A" > ${B}/boot/cmdline-a.txt
    echo "$common root=/dev/mmcblk0p6 ${KIOSK_CMDLINE} rauc.slot=B" > ${B}/boot/cmdline-b.txt
    # A firmware that does not know the filter boots slot A, and says so.
    cp ${B}/boot/cmdline-a.txt ${B}/boot/cmdline.txt

    rm -f ${B}/boot.vfat
    mkfs.vfat -n KIOSKBOOT -F 32 -C ${B}/boot.vfat ${KIOSK_BOOT_SIZE}
    mcopy -s -i ${B}/boot.vfat ${B}/boot/* ::/
}
do_compile[depends] += "rpi-bootfiles:do_deploy virtual/kernel:do_deploy"
do_compile[cleandirs] = "${B}"

do_deploy() {
    install -m 0644 ${B}/boot.vfat ${DEPLOYDIR}/kiosk-boot-${MACHINE}.vfat
    install -D -m 0644 -t ${DEPLOYDIR}/kiosk-card ${S}/autoboot.txt
    # Some boards want one beside autoboot.txt.
    : > ${DEPLOYDIR}/kiosk-card/config.txt
}
addtask deploy after do_compile before do_build
