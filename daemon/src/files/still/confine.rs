//! Shuts this process in before it touches a file of a peer: what is wrong with a decoder stays here.
//!
//! It keeps its standard streams and nothing else: no other file, no network, no new process, little memory, little time.

use std::{fs, io};

use landlock::{ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, Scope};
use nix::sys::{
    prctl,
    resource::{Resource, setrlimit},
};

/// Bytes that it may use beside what it has at the start: a picture of [`super::decode`]'s largest size, turned and scaled.
const MEMORY: u64 = 1 << 30;
/// Seconds of processor time; [`super::TIME`] ends it earlier on the wall's clock.
const PROCESSOR_SECONDS: u64 = 5;

/// Shuts this process in. It must have one thread.
///
/// # Errors
/// If the system refuses what every Linux has. What only some have (Landlock, seccomp) is used where it is.
pub(super) fn confine() -> io::Result<()> {
    close_inherited()?;
    // Where memory runs out, this process goes before kioskd (proc_pid_oom_score_adj(5)). It may not be ours to say.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let used = address_space()?;
    setrlimit(Resource::RLIMIT_AS, used + MEMORY, used + MEMORY)?;
    setrlimit(Resource::RLIMIT_CPU, PROCESSOR_SECONDS, PROCESSOR_SECONDS)?;
    for nothing in [Resource::RLIMIT_CORE, Resource::RLIMIT_FSIZE, Resource::RLIMIT_NPROC] {
        setrlimit(nothing, 0, 0)?;
    }
    prctl::set_dumpable(false)?;
    prctl::set_no_new_privs()?;
    // On a kernel without Landlock these do nothing.
    let _ = deny_files();
    let _ = system_calls::deny();
    // After all that opens files.
    setrlimit(Resource::RLIMIT_NOFILE, 0, 0)?;
    Ok(())
}

/// Descriptors that some library of kioskd did not mark as its own.
fn close_inherited() -> io::Result<()> {
    let mut open = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one of the directory itself is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}

/// Bytes of address space in use (proc_pid_statm(5): the first number, in pages).
fn address_space() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages: Option<u64> = text.split(' ').next().and_then(|pages| pages.parse().ok());
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)?.and_then(|size| u64::try_from(size).ok());
    pages.zip(page).map(|(pages, size)| pages * size).ok_or_else(|| io::Error::other("statm makes no sense"))
}

/// No file can be opened, no port connected, no process outside signalled (Documentation/userspace-api/landlock.rst).
fn deny_files() -> Result<(), landlock::RulesetError> {
    let newest = ABI::V6;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()
        .map(|_| ())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod system_calls {
    use std::{collections::BTreeMap, env::consts::ARCH};

    use seccompiler::{BackendError, BpfProgram, Error, SeccompAction, SeccompFilter, apply_filter};

    /// What is left: to read and write what is open, memory, the end, and what the C library and Rust's runtime ask for around
    /// these (seccomp(2)).
    const ALLOWED: &[libc::c_long] = &[
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_mmap,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_madvise,
        libc::SYS_mprotect,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_tgkill,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_prlimit64,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// Any other system call says EPERM.
    pub(super) fn deny() -> Result<(), Error> {
        let rules: BTreeMap<i64, Vec<_>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        let refuse = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
        let backend = |error: BackendError| Error::Backend(error);
        let target = ARCH.try_into().map_err(backend)?;
        let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, target).map_err(backend)?;
        let program: BpfProgram = filter.try_into().map_err(backend)?;
        apply_filter(&program)
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod system_calls {
    /// seccompiler knows no other architecture that we run on.
    pub(super) fn deny() -> Result<(), seccompiler::Error> {
        Ok(())
    }
}
