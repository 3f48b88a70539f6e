//! Ways out, closed by seccomp to a program that starts another one, of which nobody can say what it calls: a list of what is refused, and all
//! else is let.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule,
    apply_filter_all_threads, sock_filter,
};

use crate::SandboxError;
use crate::calls::{is, masked, newer_absent, number, one_of, program};

/// Connections of any kind, other processes' memory and
/// descriptors, a session or group of its own (what starts it kills its group), file systems and the kernel's stores.
const WAYS_OUT: &[c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_mount,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_memfd_create,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    // What another process of the same user has, limits and turns among it.
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    // What is written beside a file's content, and what outlives a process without being one.
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_utimensat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_mq_timedsend,
];

/// A process from a process, under older names.
#[cfg(target_arch = "x86_64")]
const COPIES: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const COPIES: &[c_long] = &[];

/// To other processes. To its own threads, as `abort` sends one, `tgkill` does: that to others' is looked at below.
const SIGNALS: &[c_long] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

/// The same under older names.
#[cfg(target_arch = "x86_64")]
const WAYS_OUT_OLDER: &[c_long] = &[
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
];
#[cfg(not(target_arch = "x86_64"))]
const WAYS_OUT_OLDER: &[c_long] = &[];

/// To whom the kernel sends a signal for a descriptor, and which. Where nobody was named it is whoever asked.
const SIGNALS_OF_DESCRIPTORS: [i32; 3] = [
    libc::F_SETOWN,
    10, // F_SETSIG
    15, // F_SETOWN_EX
];

/// `ioctl` that does what `fcntl` does with O_ASYNC.
const FIOASYNC: i32 = 0x5452;

/// Namespaces in which a process is its own master.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Refuses all threads there are, and whatever is started from here on, the ways out. Whoever ends with its parent goes on doing so, and starts
/// programs as `posix_spawn` does, never a copy of itself. It cannot be taken back.
///
/// # Errors
/// [`SandboxError::Seccomp`]
pub fn close_ways_out() -> Result<(), SandboxError> {
    let install = || -> Result<(), seccompiler::Error> {
        apply_filter_all_threads(&newer_and_other_absent())?;
        apply_filter_all_threads(&newer_absent()?)?;
        apply_filter_all_threads(&without_ways_out()?)
    };
    install().map_err(|_| SandboxError::Seccomp)
}

/// Refuses all threads there are, and whatever takes this one's place, to start a process or to end one. It cannot be taken back.
///
/// # Errors
/// [`SandboxError::Seccomp`]
pub fn start_nothing() -> Result<(), SandboxError> {
    let install = || apply_filter_all_threads(&without_processes()?);
    install().map_err(|_: seccompiler::Error| SandboxError::Seccomp)
}

fn without_ways_out() -> Result<BpfProgram, seccompiler::Error> {
    let calls = WAYS_OUT.iter().chain(WAYS_OUT_OLDER).chain(COPIES);
    let mut rules: BTreeMap<_, _> = calls.map(|call| (*call, Vec::new())).collect();
    let mut copies = vec![SeccompRule::new(vec![masked(
        0,
        libc::CLONE_THREAD | libc::CLONE_VFORK,
        0,
    )?])?];
    for namespace in NAMESPACES {
        copies.push(SeccompRule::new(vec![masked(0, namespace, namespace)?])?);
    }
    rules.insert(libc::SYS_clone, copies);
    let killed = SeccompCondition::new(
        1,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::Ne,
        number(libc::SIGKILL).into(),
    )?;
    let outlives = SeccompRule::new(vec![is(0, libc::PR_SET_PDEATHSIG)?, killed])?;
    rules.insert(libc::SYS_prctl, vec![outlives]);
    // The C library asks for its own as number 0.
    let others = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![others])?]);
    refused(rules)
}

fn without_processes() -> Result<BpfProgram, seccompiler::Error> {
    let calls = COPIES.iter().chain(SIGNALS);
    let mut rules: BTreeMap<_, _> = calls.map(|call| (*call, Vec::new())).collect();
    let process = SeccompRule::new(vec![masked(0, libc::CLONE_THREAD, 0)?])?;
    rules.insert(libc::SYS_clone, vec![process]);
    // Whatever takes this one's place keeps its number.
    let own = std::process::id().into();
    let others = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![others])?]);
    let mut descriptors = one_of(1, &SIGNALS_OF_DESCRIPTORS)?;
    // A terminal's go to whoever works in it, though nobody was named.
    let whenever_ready = masked(2, libc::O_ASYNC, libc::O_ASYNC)?;
    descriptors.push(SeccompRule::new(vec![
        is(1, libc::F_SETFL)?,
        whenever_ready,
    ])?);
    rules.insert(libc::SYS_fcntl, descriptors);
    rules.insert(libc::SYS_ioctl, one_of(1, &[FIOASYNC])?);
    refused(rules)
}

fn refused(rules: BTreeMap<c_long, Vec<SeccompRule>>) -> Result<BpfProgram, seccompiler::Error> {
    let refused = SeccompAction::Errno(number(libc::EPERM));
    program(rules, SeccompAction::Allow, refused)
}

/// A list of what is refused says nothing of what came after it, or is called by other numbers, as x32's are, which a bit tells and not the
/// architecture. Of this number and above there are none: a C library does without.
const NEWER: u32 = 452;

fn newer_and_other_absent() -> BpfProgram {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let compare = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    let answer = libc::BPF_RET | libc::BPF_K;
    let step = |code: u32, jf, k| sock_filter {
        code: u16::try_from(code).unwrap_or(u16::MAX),
        jt: 0,
        jf,
        k,
    };
    vec![
        // `seccomp_data.nr`.
        step(load, 0, 0),
        step(compare, 1, NEWER),
        step(answer, 0, libc::SECCOMP_RET_ERRNO | number(libc::ENOSYS)),
        step(answer, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::process::{Command, Stdio};
    use std::thread;

    use super::*;
    use crate::calls::tests::answer;

    fn ends_well(program: &str, arguments: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(arguments).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    /// For one thread, and those that it starts.
    fn confined<T: Send + 'static>(
        filters: Vec<BpfProgram>,
        does: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let confined = thread::spawn(move || {
            for filter in filters {
                seccompiler::apply_filter(&filter).unwrap();
            }
            does()
        });
        confined.join().unwrap()
    }

    fn closed() -> Vec<BpfProgram> {
        vec![
            newer_and_other_absent(),
            newer_absent().unwrap(),
            without_ways_out().unwrap(),
        ]
    }

    #[test]
    fn whoever_has_no_way_out_starts_nobody_who_has_one() {
        let own = std::process::id().to_string();
        let tried = move || {
            [
                UdpSocket::bind("127.0.0.1:0").is_ok(),
                // In a session of its own, which is a call to `setsid`.
                ends_well("setsid", &["--wait", "true"]),
                // A copy of itself.
                ends_well("sh", &["-c", "(true) && true"]),
                // It outlives who started it.
                ends_well("setpriv", &["--pdeathsig", "clear", "true"]),
                ends_well("setpriv", &["--pdeathsig", "TERM", "true"]),
                // Another's limits, and its own turn.
                ends_well("prlimit", &["--pid", &own, "--core=0:0"]),
                ends_well("chrt", &["--batch", "0", "true"]),
            ]
        };
        assert_eq!(tried(), [true; 7], "the control");
        let plain =
            || ends_well("true", &[]) && ends_well("setpriv", &["--pdeathsig", "KILL", "true"]);
        let confined = confined(closed(), move || (tried(), plain()));
        assert_eq!(confined, ([false; 7], true));
    }

    #[test]
    fn whoever_starts_nothing_takes_another_s_place_and_has_threads() {
        let program = without_processes().unwrap();
        let (started, threads) = confined(vec![newer_absent().unwrap(), program], || {
            let started = Command::new("true").status();
            (started.is_ok(), thread::spawn(|| true).join().unwrap())
        });
        assert!(!started && threads);
    }

    #[test]
    fn whoever_starts_nothing_ends_nobody_but_itself() {
        let filter = without_processes().unwrap();
        let own = u64::from(std::process::id());
        let number_of = |constant: i32| u64::from(number(constant));
        let (command, flags) = (1_usize, 2_usize);
        for (call, arguments, is_let) in [
            (libc::SYS_tgkill, vec![(0, own)], true),
            (libc::SYS_tgkill, vec![(0, own + 1)], false),
            (libc::SYS_kill, vec![(0, own)], false),
            (
                libc::SYS_fcntl,
                vec![(command, number_of(libc::F_SETOWN))],
                false,
            ),
            // F_SETSIG and F_SETOWN_EX.
            (libc::SYS_fcntl, vec![(command, 10)], false),
            (libc::SYS_fcntl, vec![(command, 15)], false),
            (
                libc::SYS_fcntl,
                vec![
                    (command, number_of(libc::F_SETFL)),
                    (flags, number_of(libc::O_ASYNC | libc::O_NONBLOCK)),
                ],
                false,
            ),
            (
                libc::SYS_fcntl,
                vec![
                    (command, number_of(libc::F_SETFL)),
                    (flags, number_of(libc::O_NONBLOCK)),
                ],
                true,
            ),
            (
                libc::SYS_fcntl,
                vec![(command, number_of(libc::F_SETFD))],
                true,
            ),
            (libc::SYS_ioctl, vec![(command, number_of(FIOASYNC))], false),
        ] {
            let answered = answer(&filter, call, &arguments);
            let expected = match is_let {
                true => libc::SECCOMP_RET_ALLOW,
                false => libc::SECCOMP_RET_ERRNO | number(libc::EPERM),
            };
            assert_eq!(answered, expected, "{call} with {arguments:x?}");
        }
    }

    /// Calls as no library makes them.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn neither_newer_numbers_nor_others_nor_namespaces_lead_out() {
        let calls = |number: u32, flags: i32| {
            let call = format!(
                "import ctypes, os, sys\n\
                 libc = ctypes.CDLL(None, use_errno=True)\n\
                 made = libc.syscall({number}, {flags}, 0, 0, 0, 0)\n\
                 if made == 0: os._exit(0)\n\
                 sys.exit(ctypes.get_errno() if made < 0 else 0)"
            );
            let mut python = Command::new("/usr/bin/python3");
            python.args(["-c", &call]).status().unwrap().code()
        };
        let number = |call: c_long| u32::try_from(call).unwrap();
        let namespace = libc::CLONE_NEWUSER | libc::CLONE_VFORK | libc::SIGCHLD;
        let errors = confined(closed(), move || {
            [
                calls(number(libc::SYS_getppid) | 0x4000_0000, 0),
                // `fchmodat2`, which says EBADF or EFAULT where there is one.
                calls(NEWER, -1),
                calls(number(libc::SYS_clone), namespace),
            ]
        });
        let told = [libc::ENOSYS, libc::ENOSYS, libc::EPERM].map(Some);
        assert_eq!(errors, told);
        assert_eq!(calls(number(libc::SYS_getppid), 0), Some(0), "the control");
    }
}
