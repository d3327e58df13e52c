# Which slot boots, by RAUC's variables (RAUC manual, "U-Boot"): the first in BOOT_ORDER that has tries left. The kernel is in the slot.
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3

setenv slot
for try in ${BOOT_ORDER}; do
  if test -n "${slot}"; then
    true
  elif test "${try}" = "A" -a ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv slot A
    setenv part 2
  elif test "${try}" = "B" -a ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv slot B
    setenv part 3
  fi
done

if test -z "${slot}"; then
  echo "No slot has tries left: all over again"
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  saveenv
  reset
fi

saveenv
echo "Slot ${slot}; tries left: A ${BOOT_A_LEFT}, B ${BOOT_B_LEFT}"
setenv bootargs "root=/dev/vda${part} rootfstype=ext4 ro rootwait console=ttyAMA0 panic=10 rauc.slot=${slot}"
if load virtio 0:${part} ${kernel_addr_r} /boot/Image; then
  booti ${kernel_addr_r} - ${fdt_addr}
fi
# No kernel, or none that starts: the next try.
reset
