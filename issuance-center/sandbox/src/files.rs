//! Files and ports, by Landlock.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope, make_bitflags,
};

use serde::Serialize;

use crate::{Landlock, Needs, SandboxError};

/// What is demanded: the first that knows ports.
const DEMANDED: ABI = ABI::V4;
/// Taken besides where the kernel has it: devices' own commands, signals and abstract sockets across the border.
const KNOWN: ABI = ABI::V6;

/// How far a process is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confined {
    /// Files and ports.
    Whole,
    /// Less than that, or nothing.
    InPart,
}

/// Whether this kernel has what [`Landlock::Demanded`] demands.
#[must_use]
pub fn is_whole() -> bool {
    handled(Landlock::Demanded)
        .and_then(Ruleset::create)
        .is_ok()
}

/// Confines this thread and all that it starts to `needs`. To be called while there is no other.
///
/// # Errors
/// [`SandboxError`]: nothing may be served then.
pub fn confine(needs: &Needs, landlock: Landlock) -> Result<Confined, SandboxError> {
    let mut rules = handled(landlock)
        .and_then(Ruleset::create)
        .map_err(|_| SandboxError::Landlock)?;
    let read = AccessFs::ReadFile.into();
    let run = make_bitflags!(AccessFs::{ReadFile | Execute});
    let overwrite = make_bitflags!(AccessFs::{ReadFile | WriteFile});
    let write = make_bitflags!(AccessFs::{
        ReadFile | WriteFile | ReadDir | Truncate | MakeReg | RemoveFile
    });
    let make = make_bitflags!(AccessFs::{ReadDir | WriteFile | Truncate | MakeReg});
    for (folders, access) in [
        (&needs.read, read),
        (&needs.run, run),
        (&needs.overwrite, overwrite),
        (&needs.make, make),
        (&needs.write, write),
    ] {
        for folder in folders {
            rules = beneath(rules, folder, access)?;
        }
    }
    for (ports, access) in [
        (&needs.listen, AccessNet::BindTcp),
        (&needs.connect, AccessNet::ConnectTcp),
    ] {
        for port in ports {
            let rule = rules.add_rule(NetPort::new(*port, access));
            rules = rule.map_err(|_| SandboxError::Landlock)?;
        }
    }
    let status = rules.restrict_self().map_err(|_| SandboxError::Landlock)?;
    // What is taken besides does not count: a kernel that lacks it still confines files and ports.
    match (status.ruleset, is_whole()) {
        (RulesetStatus::NotEnforced, _) | (_, false) if landlock == Landlock::Demanded => {
            Err(SandboxError::Landlock)
        }
        (RulesetStatus::NotEnforced, _) | (_, false) => Ok(Confined::InPart),
        _ => Ok(Confined::Whole),
    }
}

/// Everything that can be refused: what no rule allows is.
fn handled(landlock: Landlock) -> Result<Ruleset, RulesetError> {
    let demanded = match landlock {
        Landlock::Demanded => CompatLevel::HardRequirement,
        Landlock::WhatThereIs => CompatLevel::BestEffort,
    };
    let files = AccessFs::from_all(DEMANDED);
    let besides: BitFlags<AccessFs> = AccessFs::from_all(KNOWN) & !files;
    Ruleset::default()
        .set_compatibility(demanded)
        .handle_access(files)?
        .handle_access(AccessNet::from_all(DEMANDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(besides)?
        .scope(Scope::from_all(KNOWN))
}

fn beneath(
    rules: RulesetCreated,
    folder: &PathBuf,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, SandboxError> {
    let opened = PathFd::new(folder).map_err(|_| SandboxError::Folder(folder.clone()))?;
    let rule = rules.add_rule(PathBeneath::new(opened, access));
    rule.map_err(|_| SandboxError::Landlock)
}
