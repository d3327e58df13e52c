# Host keys that outlive a boot: /var/lib is on the data partition.
OPENSSH_HOST_KEY_DIR_READONLY_CONFIG:kiosk = "${localstatedir}/lib/ssh"
PACKAGECONFIG:append:kiosk = " hostkey-ed25519"
