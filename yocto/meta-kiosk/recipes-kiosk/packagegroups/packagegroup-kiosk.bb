SUMMARY = "A kiosk and all that makes it one"
SUMMARY:${PN}-admin = "What an admin looks into a kiosk with"
DESCRIPTION = "kioskd with fonts for its languages, keyboards, encoders, and the tools an admin uses over SSH."
LICENSE = "MIT | Apache-2.0"

inherit packagegroup features_check

REQUIRED_DISTRO_FEATURES = "kiosk"

PACKAGES = "${PN} ${PN}-admin"

RDEPENDS:${PN} = "\
    kioskctl \
    kioskd \
    libx11-compose-data \
    ttf-dejavu-sans \
    ttf-noto-emoji-color \
"
RDEPENDS:${PN}-admin = "\
    alsa-utils-amixer \
    alsa-utils-aplay \
    gstreamer1.0 \
    v4l-utils \
"
# Japanese, Chinese and Korean.
RRECOMMENDS:${PN} = "source-han-sans-cn-fonts source-han-sans-jp-fonts source-han-sans-kr-fonts"
# H.264 in software only where its licence was accepted; boards with an encoder of their own use that one.
RRECOMMENDS:${PN} += "${@bb.utils.contains('LICENSE_FLAGS_ACCEPTED', 'commercial', 'gstreamer1.0-libav gstreamer1.0-plugins-ugly-x264', '', d)}"
