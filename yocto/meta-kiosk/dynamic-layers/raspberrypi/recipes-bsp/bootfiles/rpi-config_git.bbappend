# The same boot partition serves both slots: which of them it is, the firmware tells by this filter
# (https://www.raspberrypi.com/documentation/computers/config_txt.html#the-boot_partition-filter). KIOSK_CONFIG_TXT: lines of yours, with \n between.
RPI_EXTRA_CONFIG:append:kiosk = " \n[boot_partition=2]\ncmdline=cmdline-a.txt\n[boot_partition=3]\ncmdline=cmdline-b.txt\n[all]\n${KIOSK_CONFIG_TXT}\n"
DISABLE_SPLASH:kiosk = "1"
