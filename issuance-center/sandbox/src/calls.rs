//! System calls, by seccomp: an allow-list, and a number of error (EPERM) for all others.
//!
//! But for who writes, no call makes, renames or removes a file here, starts a program, listens anew, opens another kind of socket than TCP, maps memory that
//! could be run, looks into another process, or makes anything that outlives this one.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};

use crate::SandboxError;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// A server on TCP that reads files.
    Server,
    /// One with SQLite: it writes, too, where Landlock lets it.
    Database,
    /// A terminal that prints: it calls servers, and on this machine the smart card service and drivers.
    Terminal,
    /// One that leaves certificates in a folder, where Landlock lets it.
    Folder,
    /// One that asks name servers, of which the C library loads nothing more.
    Names,
    /// One that leaves a file in a folder, where Landlock lets it, and calls nobody.
    Mark,
    /// One that reads what is open already, and writes it: it opens nothing and calls nobody.
    Pipes,
}

impl Calls {
    /// Whether it writes files.
    const fn writes(self) -> bool {
        matches!(self, Self::Database | Self::Folder | Self::Mark)
    }

    /// Whether it opens files.
    const fn opens(self) -> bool {
        !matches!(self, Self::Pipes)
    }

    /// Whether it calls others.
    const fn calls(self) -> bool {
        !matches!(self, Self::Mark | Self::Pipes)
    }

    /// Whether it is a terminal.
    const fn is_a_terminal(self) -> bool {
        matches!(self, Self::Terminal | Self::Folder)
    }
}

/// Good with every argument, where something is opened or called.
const PLAIN: &[c_long] = &[
    // What a path leads to; Landlock decides on its content.
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    // Connections.
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
];

/// Good with every argument, for all.
const WITHIN: &[c_long] = &[
    // What is open already.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    // Memory and threads; what may be run is looked at below.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals to itself.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time and randomness.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
];

/// The same under older names, which C libraries use where there are such.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[libc::SYS_epoll_wait, libc::SYS_poll];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// SQLite's, and a file's lock. Not those by which it gives a file beside a database the database's mode and owner: it goes on without, and
/// with them whatever it can read, a key too, could be given another mode.
const DATABASE: &[c_long] = &[
    libc::SYS_pwrite64,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_unlinkat,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_geteuid,
];

#[cfg(target_arch = "x86_64")]
const DATABASE_OLDER: &[c_long] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_unlink,
    libc::SYS_readlink,
];
#[cfg(not(target_arch = "x86_64"))]
const DATABASE_OLDER: &[c_long] = &[];

/// A certificate's, in a folder: written without a name, named once it is whole, and the one before taken away.
const FOLDER: &[c_long] = &[libc::SYS_fsync, libc::SYS_linkat, libc::SYS_unlinkat];

/// Both questions at once, and what this machine is called.
const NAMES: &[c_long] = &[libc::SYS_sendmmsg, libc::SYS_uname];

/// A file made or emptied, written and kept; and a socket that is open already.
const MARK: &[c_long] = &[libc::SYS_fsync, libc::SYS_recvfrom];

/// A text terminal's modes, read and set: echo. What is typed for somebody (TIOCSTI) is another command.
const TEXT_TERMINAL: [i32; 8] = [
    0x5401, // TCGETS
    0x5402, // TCSETS
    0x5403,
    0x5404,
    (0x802C_542A_u32).cast_signed(), // TCGETS2
    0x402C_542B,                     // TCSETS2
    0x402C_542C,
    0x402C_542D,
];

/// The values of a GPIO line that was requested before, as both of the kernel's versions ask for them.
const GPIO: [i32; 2] = [
    (0xC010_B40E_u32).cast_signed(), // GPIO_V2_LINE_GET_VALUES_IOCTL
    (0xC040_B408_u32).cast_signed(), // GPIOHANDLE_GET_LINE_VALUES_IOCTL
];

/// Flags of `open` with which a file is made or written. O_TMPFILE without O_DIRECTORY, which reading a folder has too.
const WRITING: i32 = libc::O_ACCMODE
    | libc::O_CREAT
    | libc::O_TRUNC
    | libc::O_APPEND
    | (libc::O_TMPFILE & !libc::O_DIRECTORY);

/// Installs the allow-list on all threads there are; those to come inherit it. It cannot be taken back, nor another be added.
///
/// # Errors
/// [`SandboxError::Seccomp`]
pub fn seal(calls: Calls) -> Result<(), SandboxError> {
    let install = || -> Result<(), seccompiler::Error> {
        apply_filter_all_threads(&newer_absent()?)?;
        apply_filter_all_threads(&allowed(calls)?)
    };
    install().map_err(|_| SandboxError::Seccomp)
}

/// `clone3` takes its flags where no filter can look: a C library told that there is none takes `clone`.
pub(crate) fn newer_absent() -> Result<BpfProgram, seccompiler::Error> {
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let absent = SeccompAction::Errno(number(libc::ENOSYS));
    program(rules, SeccompAction::Allow, absent)
}

fn allowed(calls: Calls) -> Result<BpfProgram, seccompiler::Error> {
    let mut rules = rules(calls)?;
    // Asked once more, and refused by the filter above: the stricter answer of two is the kernel's.
    rules.insert(libc::SYS_clone3, Vec::new());
    let refused = SeccompAction::Errno(number(libc::EPERM));
    program(rules, refused, SeccompAction::Allow)
}

pub(crate) fn program(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    named: SeccompAction,
) -> Result<BpfProgram, seccompiler::Error> {
    let machine = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, otherwise, named, machine)?;
    Ok(filter.try_into()?)
}

fn rules(calls: Calls) -> Result<BTreeMap<c_long, Vec<SeccompRule>>, seccompiler::Error> {
    let mut plain = match calls {
        Calls::Pipes => WITHIN.to_vec(),
        Calls::Mark => [WITHIN, MARK].concat(),
        _ => [WITHIN, PLAIN, OLDER].concat(),
    };
    let mut descriptors = vec![
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
        libc::F_DUPFD_CLOEXEC,
    ];
    let mut open = vec![SeccompRule::new(vec![masked(2, WRITING, libc::O_RDONLY)?])?];
    let mut devices = vec![FIONBIO];
    match calls {
        Calls::Server | Calls::Mark | Calls::Pipes => {}
        Calls::Database => {
            plain.extend([DATABASE, DATABASE_OLDER].concat());
            descriptors.extend([libc::F_GETLK, libc::F_SETLK, libc::F_SETLKW]);
        }
        Calls::Terminal => devices.extend(TEXT_TERMINAL.iter().chain(&GPIO)),
        Calls::Names => {
            plain.extend(NAMES);
            devices.push(FIONREAD);
        }
        Calls::Folder => {
            devices.extend(TEXT_TERMINAL.iter().chain(&GPIO));
            plain.extend(FOLDER);
        }
    }
    if calls.writes() {
        open.clear();
    }
    let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    let mut rules: BTreeMap<_, _> = plain.into_iter().map(|call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_fcntl, one_of(1, &descriptors)?);
    rules.insert(libc::SYS_ioctl, one_of(1, &devices)?);
    rules.insert(libc::SYS_tgkill, one_of(0, &[own])?);
    // Not PR_SET_NAME: a thread's name is read by everybody on the machine. What starts threads goes on without.
    rules.insert(libc::SYS_prctl, one_of(0, &[libc::PR_SET_VMA])?);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let cannot_be_run = SeccompRule::new(vec![masked(2, libc::PROT_EXEC, 0)?])?;
        rules.insert(call, vec![cannot_be_run]);
    }
    let thread = SeccompRule::new(vec![masked(0, libc::CLONE_THREAD, libc::CLONE_THREAD)?])?;
    rules.insert(libc::SYS_clone, vec![thread]);
    let tcp = [libc::AF_INET, libc::AF_INET6].map(|family| {
        // TCP itself: Landlock asks nothing of what goes another way under a stream's name, as MPTCP does.
        [0, libc::IPPROTO_TCP].map(|protocol| {
            let kind = masked(1, 0xF, libc::SOCK_STREAM)?;
            Ok(SeccompRule::new(vec![
                is(0, family)?,
                kind,
                is(2, protocol)?,
            ])?)
        })
    });
    let sockets: Result<Vec<_>, seccompiler::Error> = tcp.into_iter().flatten().collect();
    let mut sockets = sockets?;
    if calls.is_a_terminal() {
        let stream = masked(1, 0xF, libc::SOCK_STREAM)?;
        sockets.push(SeccompRule::new(vec![is(0, libc::AF_UNIX)?, stream])?);
    }
    if calls == Calls::Names {
        for family in [libc::AF_INET, libc::AF_INET6] {
            let kind = masked(1, 0xF, libc::SOCK_DGRAM)?;
            sockets.push(SeccompRule::new(vec![is(0, family)?, kind, is(2, 0)?])?);
        }
    }
    if calls.opens() {
        rules.insert(libc::SYS_openat, open);
    }
    if calls.calls() {
        rules.insert(libc::SYS_socket, sockets);
    }
    if calls != Calls::Pipes {
        // With MSG_FASTOPEN they connect, of which Landlock is not asked.
        let mut sending = vec![(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2)];
        if calls == Calls::Names {
            sending.push((libc::SYS_sendmmsg, 3));
        }
        for (call, flags) in sending {
            let connects_nothing = SeccompRule::new(vec![masked(flags, libc::MSG_FASTOPEN, 0)?])?;
            rules.insert(call, vec![connects_nothing]);
        }
    }
    Ok(rules)
}

/// `ioctl` that makes a socket one that does not block.
const FIONBIO: i32 = 0x5421;

/// `ioctl` that says how much there is to read.
const FIONREAD: i32 = 0x541B;

pub(crate) fn one_of(argument: u8, values: &[i32]) -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let rules = values.iter().map(|value| {
        let rule = SeccompRule::new(vec![is(argument, *value)?])?;
        Ok(rule)
    });
    rules.collect()
}

pub(crate) fn is(argument: u8, value: i32) -> Result<SeccompCondition, seccompiler::Error> {
    let length = SeccompCmpArgLen::Dword;
    let condition =
        SeccompCondition::new(argument, length, SeccompCmpOp::Eq, number(value).into())?;
    Ok(condition)
}

pub(crate) fn masked(
    argument: u8,
    mask: i32,
    value: i32,
) -> Result<SeccompCondition, seccompiler::Error> {
    let operator = SeccompCmpOp::MaskedEq(number(mask).into());
    let length = SeccompCmpArgLen::Dword;
    let condition = SeccompCondition::new(argument, length, operator, number(value).into())?;
    Ok(condition)
}

/// The kernel's constants as it takes them: bits.
pub(crate) const fn number(constant: i32) -> u32 {
    constant.cast_unsigned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const ALL: [Calls; 7] = [
        Calls::Server,
        Calls::Database,
        Calls::Terminal,
        Calls::Folder,
        Calls::Names,
        Calls::Mark,
        Calls::Pipes,
    ];

    #[test]
    fn filters_compile_for_all() {
        for calls in ALL {
            let least = if calls.calls() { 100 } else { 80 };
            assert!(allowed(calls).unwrap().len() > least);
        }
        assert!(!newer_absent().unwrap().is_empty());
    }

    #[test]
    fn nothing_that_carries_away_is_on_the_list() {
        let [server, database, terminal, folder, names, mark, pipes] =
            ALL.map(|calls| rules(calls).unwrap());
        for call in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
            libc::SYS_memfd_create,
            libc::SYS_io_uring_setup,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_add_key,
            libc::SYS_keyctl,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_kill,
            libc::SYS_bind,
            libc::SYS_listen,
            libc::SYS_renameat2,
            libc::SYS_symlinkat,
            libc::SYS_mkdirat,
            libc::SYS_mknodat,
            libc::SYS_fchmod,
            libc::SYS_fchown,
            libc::SYS_openat2,
            libc::SYS_prlimit64,
            libc::SYS_seccomp,
        ] {
            for rules in [
                &server, &database, &terminal, &folder, &names, &mark, &pipes,
            ] {
                assert!(!rules.contains_key(&call));
            }
        }
        for call in [libc::SYS_pwrite64, libc::SYS_ftruncate] {
            assert!(database.contains_key(&call));
            for rules in [&server, &terminal, &folder, &names, &mark] {
                assert!(!rules.contains_key(&call));
            }
        }
        for rules in [&server, &terminal, &names, &mark] {
            assert!(
                ![libc::SYS_unlinkat, libc::SYS_linkat]
                    .iter()
                    .any(|it| rules.contains_key(it))
            );
        }
        assert!(!database.contains_key(&libc::SYS_linkat));
        for call in [
            libc::SYS_openat,
            libc::SYS_newfstatat,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_sendmsg,
        ] {
            assert!(server.contains_key(&call) && !pipes.contains_key(&call));
        }
        for call in [libc::SYS_socket, libc::SYS_connect, libc::SYS_getdents64] {
            assert!(!mark.contains_key(&call));
        }
    }

    /// What a filter answers to a call, as the kernel reads it (`struct seccomp_data`; classic BPF).
    pub(crate) fn answer(filter: &BpfProgram, call: c_long, arguments: &[(usize, u64)]) -> u32 {
        let machine = match std::env::consts::ARCH {
            "x86_64" => 0xC000_003E_u32,
            _ => 0xC000_00B7,
        };
        let mut data = [0_u32; 16];
        data[0] = u32::try_from(call).unwrap();
        data[1] = machine;
        for (argument, value) in arguments {
            data[4 + 2 * argument] = u32::try_from(value & 0xFFFF_FFFF).unwrap();
            data[5 + 2 * argument] = u32::try_from(value >> 32).unwrap();
        }
        let (mut at, mut held) = (0, 0_u32);
        loop {
            let step = &filter[at];
            at += 1;
            let jumps = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                0x20 => held = data[step.k as usize / 4],
                0x54 => held &= step.k,
                0x05 => at += step.k as usize,
                0x15 => at += jumps(held == step.k),
                0x25 => at += jumps(held > step.k),
                0x35 => at += jumps(held >= step.k),
                0x06 => return step.k,
                other => panic!("a step of another kind: {other:#x}"),
            }
        }
    }

    #[test]
    fn who_asks_name_servers_opens_files_to_read_and_sockets_of_the_internet() {
        const LET: u32 = 0x7FFF_0000;
        let filter = allowed(Calls::Names).unwrap();
        let lets = |call, arguments: [i32; 3]| {
            let arguments = [0, 1, 2].map(|at| (at, u64::from(arguments[at].cast_unsigned())));
            answer(&filter, call, &arguments) == LET
        };
        let (stream, datagrams) = (libc::SOCK_STREAM, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC);
        for (family, kind, is_let) in [
            (libc::AF_INET, stream, true),
            (libc::AF_INET6, datagrams, true),
            (libc::AF_UNIX, stream, false),
            (libc::AF_NETLINK, libc::SOCK_RAW, false),
            (libc::AF_INET, libc::SOCK_RAW, false),
        ] {
            assert_eq!(
                lets(libc::SYS_socket, [family, kind, 0]),
                is_let,
                "{family} {kind}"
            );
        }
        for (flags, is_let) in [
            (libc::O_CLOEXEC, true),
            (libc::O_CREAT, false),
            (libc::O_WRONLY, false),
        ] {
            assert_eq!(lets(libc::SYS_openat, [0, 0, flags]), is_let, "{flags:#x}");
        }
        let connects = (3, u64::from(libc::MSG_FASTOPEN.cast_unsigned()));
        assert_ne!(answer(&filter, libc::SYS_sendmmsg, &[connects]), LET);
    }

    #[test]
    fn what_a_call_asks_for_is_looked_at() {
        const LET: u32 = 0x7FFF_0000;
        const REFUSED: u32 = 0x0005_0000 | libc::EPERM.cast_unsigned();
        const TIOCSTI: u64 = 0x5412;
        const TIOCLINUX: u64 = 0x541C;
        let bits = |constants: &[i32]| {
            let all = constants.iter().fold(0, |all, bit| all | bit);
            u64::from(all.cast_unsigned())
        };
        let memory = bits(&[libc::PROT_READ, libc::PROT_WRITE]);
        let runnable = bits(&[libc::PROT_READ, libc::PROT_EXEC]);
        let thread = bits(&[libc::CLONE_VM, libc::CLONE_THREAD, libc::CLONE_SIGHAND]);
        let newer = newer_absent().unwrap();
        let absent = 0x0005_0000 | libc::ENOSYS.cast_unsigned();
        assert_eq!(answer(&newer, libc::SYS_clone3, &[]), absent);
        for calls in ALL {
            let filter = allowed(calls).unwrap();
            let says = |call, argument, value| answer(&filter, call, &[(argument, value)]);
            for (call, argument, value, expected) in [
                (libc::SYS_mmap, 2, memory, LET),
                (libc::SYS_mmap, 2, runnable, REFUSED),
                (libc::SYS_mprotect, 2, memory, LET),
                (libc::SYS_mprotect, 2, runnable, REFUSED),
                (libc::SYS_pkey_mprotect, 2, memory, REFUSED),
                (libc::SYS_clone, 0, thread, LET),
                // A copy of the process, and one that shares its memory until it runs something else.
                (libc::SYS_clone, 0, bits(&[libc::SIGCHLD]), REFUSED),
                (
                    libc::SYS_clone,
                    0,
                    bits(&[libc::CLONE_VM, libc::CLONE_VFORK, libc::SIGCHLD]),
                    REFUSED,
                ),
                // What is typed for somebody, in a terminal's window or on the machine's own.
                (libc::SYS_ioctl, 1, TIOCSTI, REFUSED),
                (libc::SYS_ioctl, 1, TIOCLINUX, REFUSED),
                (libc::SYS_prctl, 0, bits(&[libc::PR_SET_VMA]), LET),
                (libc::SYS_prctl, 0, bits(&[libc::PR_SET_NAME]), REFUSED),
                (libc::SYS_prctl, 0, bits(&[libc::PR_SET_DUMPABLE]), REFUSED),
                (libc::SYS_prctl, 0, bits(&[libc::PR_SET_MM]), REFUSED),
                (libc::SYS_prctl, 0, bits(&[libc::PR_SET_PTRACER]), REFUSED),
            ] {
                assert_eq!(
                    says(call, argument, value),
                    expected,
                    "{calls:?}: {call} with {value:#x}"
                );
            }
            #[cfg(target_arch = "x86_64")]
            for call in [libc::SYS_fork, libc::SYS_vfork] {
                assert_eq!(answer(&filter, call, &[]), REFUSED);
            }
        }
    }
}
