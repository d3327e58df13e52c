"""The crates that Cargo.lock names, as BitBake fetches them, each with its checksum.

A recipe asks at every parse (kiosk_cargo.bbclass), so no list is kept that could be behind Cargo.lock.
By hand: crates.py CARGO_LOCK prints one fetch URL a line.
"""

import sys
import tomllib

# What Cargo writes into Cargo.lock for crates.io, whichever mirror it fetched from.
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


class LockError(Exception):
    """Cargo.lock names a crate that cannot be fetched, or not safely; the text says which and why."""


def uris(path):
    """Fetch URLs of all crates in the Cargo.lock at `path`, in its order, less the workspace's own."""
    with open(path, "rb") as lock:
        packages = tomllib.load(lock).get("package", [])
    return [uri(package) for package in packages if "source" in package]


def uri(package):
    """The fetch URL of one `[[package]]` with a source. LockError: no crate of crates.io, or one without a checksum."""
    crate = f"{package['name']} {package['version']}"
    if package["source"] != CRATES_IO:
        raise LockError(f"{crate} comes from {package['source']}: only crates of crates.io can be built by this layer, as only they have a checksum in Cargo.lock.")
    if "checksum" not in package:
        raise LockError(f"{crate} has no checksum in Cargo.lock: run 'cargo update --workspace', which writes it, and commit the file.")
    return f"crate://crates.io/{package['name']}/{package['version']};sha256sum={package['checksum']}"


def version(path):
    """`version` in `[workspace.package]` of the Cargo.toml at `path`."""
    with open(path, "rb") as manifest:
        return tomllib.load(manifest)["workspace"]["package"]["version"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: crates.py CARGO_LOCK")
    try:
        print("\n".join(uris(sys.argv[1])))
    except (LockError, OSError, tomllib.TOMLDecodeError) as error:
        sys.exit(f"crates.py: {error}")
