# shellcheck shell=bash
# The second half of check, with the upstream layers at hand. Reads its variables; BitBake's parse, 2,000 recipes, is kept in the cache.
build=$cache/yocto/build downloads=$cache/yocto/downloads
mkdir -p "$build/conf" "$downloads" "$cache/yocto/keys"

# Nobody signs here; the recipes want to see the files.
[[ -e $cache/yocto/keys/ca.cert.pem ]] || "$layer/scripts/make-keys" "$cache/yocto/keys"
# The clone may be another user's.
printf '[safe]\n\tdirectory = *\n' >"$build/.gitconfig"
cat >"$build/conf/bblayers.conf" <<C
BBLAYERS = "$layers/openembedded-core/meta $layers/meta-openembedded/meta-oe $layers/meta-openembedded/meta-multimedia $layers/meta-openembedded/meta-python \\
  $layers/meta-rauc $layers/meta-raspberrypi $layer"
C
cat >"$build/conf/local.conf" <<C
DISTRO = "kiosk"
DL_DIR = "$downloads"
KIOSK_KEYS = "$cache/yocto/keys"
BB_NO_NETWORK = "1"
INHERIT_DISTRO:remove = "uninative"
C
# The operator's page is not built for this.
[[ -e $tree/console/dist/index.html ]] || { echo 'KIOSK_CONSOLE = ""' >>"$build/conf/local.conf"; say "kiosk-server without its page, as 'make console' has not run"; }
if ! locale -a | grep -qix 'en_US.utf-\?8'; then
  mkdir -p "$build/locale"
  [[ -d $build/locale/en_US.utf8 ]] || localedef -i en_US -f UTF-8 "$build/locale/en_US.utf8"
fi

# What cargo has is what BitBake would download; whether it is the right thing, the checksums say.
cargo fetch --quiet --locked --manifest-path "$tree/Cargo.toml"
wanted=0
while IFS=/ read -r _ _ _ name rest; do
  crate=$name-${rest%%;*}.crate wanted=$((wanted + 1))
  [[ ! -e $downloads/$crate ]] || continue
  cp "${CARGO_HOME:-$HOME/.cargo}"/registry/cache/*/"$crate" "$downloads/"
done < <(python3 "$layer/lib/kiosk/crates.py" "$tree/Cargo.lock")
((EUID != 0)) || chown -R 65534:65534 "$build" "$downloads" "$cache/yocto/keys"

# Runs bitbake with these arguments for MACHINE; what it prints goes to $scratch/said, and to stderr when it fails or warns of ours.
run_bitbake() {
  local machine=$1 command; shift
  command=(env -i HOME="$build" PATH="$layers/bitbake/bin:$layers/openembedded-core/scripts:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    LC_ALL=en_US.UTF-8 LANG=en_US.UTF-8 BUILDDIR="$build" BBPATH="$build" MACHINE="$machine" BB_ENV_PASSTHROUGH_ADDITIONS=MACHINE bitbake "$@")
  ((EUID != 0)) || command=(setpriv --reuid=65534 --regid=65534 --clear-groups "${command[@]}")
  # A locale that the machine has not got is put over its own, for these processes alone.
  # shellcheck disable=SC2016
  [[ ! -d $build/locale ]] ||
    command=(unshare --mount --propagation private sh -c 'mount --bind "$0" /usr/lib/locale && exec "$@"' "$build/locale" "${command[@]}")
  if ! (cd "$build" && "${command[@]}") >"$scratch/said" 2>&1; then cat "$scratch/said" >&2; return 1; fi
  ! grep '^\(WARNING\|ERROR\):.*\(kiosk\|kas\)' "$scratch/said" >&2
}

for machine in "${machines[@]}"; do
  began=$SECONDS
  run_bitbake "$machine" --parse-only || { complain "$machine: the recipes do not parse"; continue; }
  say "$machine: $(grep -o 'Parsing of [0-9,]* .bb files complete.*' "$scratch/said" || echo parsed), $((SECONDS - began)) s"
  for recipe in kioskd kiosk-server kiosk-system kiosk-update kiosk-image kiosk-bundle; do
    run_bitbake "$machine" --environment "$recipe" || complain "$machine: $recipe has no environment"
  done
  run_bitbake "$machine" --graphviz kiosk-bundle kiosk-server || { complain "$machine: the image or what it needs is not to be had"; continue; }
  say "$machine: kiosk-image and kiosk-bundle resolve to $(wc -l <"$build/pn-buildlist") recipes"
done

for recipe in kioskd kiosk-server; do
  run_bitbake "${machines[0]}" "$recipe" -c unpack || { complain "$recipe: sources and crates do not unpack"; continue; }
  run_bitbake "${machines[0]}" --environment "$recipe"
  crates=$(sed -n 's/^UNPACKDIR="\(.*\)"/\1/p' "$scratch/said")/cargo_home/bitbake
  found=$(find "$crates" -mindepth 2 -maxdepth 2 -name .cargo-checksum.json | wc -l)
  if ((found == wanted)); then say "$recipe: $found of $wanted crates unpacked, with the checksums of Cargo.lock"; else complain "$recipe: $found of $wanted crates unpacked"; fi
done
