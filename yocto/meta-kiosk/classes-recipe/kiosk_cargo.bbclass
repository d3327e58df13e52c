# A program of this repository, built by cargo from the crates that its Cargo.lock names.
#   KIOSK_PACKAGES   packages of the workspace to build, with all their programs
#   KIOSK_TREE       the clone (layer.conf)
#   KIOSK_URI        where the sources come from: HEAD of the clone, unless set to a server of yours with ";branch=..."
#   KIOSK_REV        which commit, then

KIOSK_URI ?= "git://${KIOSK_TREE};protocol=file;nobranch=1;usehead=1"
KIOSK_REV ?= "${AUTOREV}"
KIOSK_LOCK = "${KIOSK_TREE}/Cargo.lock"
KIOSK_VERSION = "${@kiosk.crates.version(d.getVar('KIOSK_TREE') + '/Cargo.toml')}"

PV = "${KIOSK_VERSION}+git"
SRC_URI += "${KIOSK_URI}"
SRCREV = "${KIOSK_REV}"

inherit cargo pkgconfig

CARGO_BUILD_FLAGS += "--bins ${@' '.join('--package ' + name for name in d.getVar('KIOSK_PACKAGES').split())}"
# The -dbg package wants what the workspace's own profile leaves out.
export CARGO_PROFILE_RELEASE_STRIP = "none"
export CARGO_PROFILE_RELEASE_DEBUG = "line-tables-only"

# Fetch URLs are known only from Cargo.lock, and a change there has to be seen: mark_dependency.
# nooelint: oelint.task.noanonpython
python () {
    lock = d.getVar("KIOSK_LOCK")
    bb.parse.mark_dependency(d, lock)
    bb.parse.mark_dependency(d, os.path.join(d.getVar("KIOSK_TREE"), "Cargo.toml"))
    try:
        crates = kiosk.crates.uris(lock)
    except kiosk.crates.LockError as error:
        bb.fatal(str(error))
    d.appendVar("SRC_URI", " " + " ".join(crates))
}

# The list above is that of the clone, and what is built is what was fetched: they have to be the same.
python do_check_lock() {
    with open(d.getVar("KIOSK_LOCK"), "rb") as ours, open(d.expand("${S}/Cargo.lock"), "rb") as fetched:
        if ours.read() != fetched.read():
            bb.fatal("Cargo.lock in %s is not that of the sources that are built: commit it, or check out the commit that KIOSK_REV names." % d.getVar("KIOSK_TREE"))
}
do_check_lock[doc] = "Compares the Cargo.lock that the list of crates was made from with that of the fetched sources"
addtask check_lock after do_unpack before do_configure
