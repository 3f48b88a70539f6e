//! What can be asked on the command line. A PIN never can: it would be in the list of processes.

use std::path::PathBuf;

use card::trust::Environment;
use clap::{Args, Parser, Subcommand, ValueEnum};

const AFTER: &str = "\
Exit status:
  0  done
  2  wrong usage
  3  no service, no reader, or no card
  4  not a My Number Card (a phone, another card)
  5  a PIN, password or 照合番号 is wrong, or was not entered as it should be
  6  it is blocked, or has one try left (see --last-try)
  7  a PIN would leak on this machine; nothing was sent
  8  card lifted, or card and reader did not answer as they should
  9  not genuine
 10  `diagnose` found something that hinders
 11  a file cannot be read or written
 12  nothing false was found, and not all was proved that was asked for (see read --accept-unbound)
 13  the card has expired; nothing was asked for (see read --accept-expired)

Three wrong PINs lock a card, and only the counter of a municipality unlocks it. Before each PIN the tries
left are asked, which costs none, and each entry is sent once.";

/// Reads, checks and looks after a My Number Card (個人番号カード) on a PC/SC reader.
///
/// Nothing is kept, nothing leaves this machine. What is on the card is printed where you ask for it, on
/// standard output, and nowhere else.
#[derive(Parser)]
#[command(name = "card", version, after_help = AFTER)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Readers of this machine, and what lies on each
    Readers(Json),
    /// Tries left of every PIN, password and 照合番号, and until when the card is valid; spends no try
    Status {
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        json: Json,
    },
    /// Individual number and four attributes, against the PIN or a 照合番号
    Read(ReadArguments),
    /// Check a dump (folder) or evidence (file) against trust anchors, without a card
    Verify(VerifyArguments),
    /// Write the card's files into a folder. They are personal data
    Dump(DumpArguments),
    /// Find out why reading does not work or is slow; asks for no PIN
    Diagnose {
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        json: Json,
    },
    /// PINs and passwords
    Pin {
        #[command(subcommand)]
        command: PinCommand,
    },
}

#[derive(Subcommand)]
pub(crate) enum PinCommand {
    /// Replace a PIN or the password by a new one. The old one has to be known
    Change(ChangeArguments),
}

#[derive(Args)]
pub(crate) struct Json {
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct On {
    /// Reader to use, or a part of its name [default: the first with a card]
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}

#[derive(Args)]
pub(crate) struct Entry {
    /// Read the PIN, password or 照合番号 from this file descriptor, one a line, instead of the terminal
    #[arg(long, value_name = "FD")]
    pub(crate) pin_fd: Option<u32>,
    /// Go on although only one try is left: if it is wrong, the card is locked
    #[arg(long)]
    pub(crate) last_try: bool,
}

#[derive(Args)]
pub(crate) struct Trust {
    /// Folder of trust anchors (*.pem): CA keys of card-verifiable certificates
    #[arg(long, value_name = "DIR", requires = "environment")]
    pub(crate) anchors: Option<PathBuf>,
    /// What kind of cards they are for: production, test-card or emulator
    #[arg(long, requires = "anchors")]
    pub(crate) environment: Option<Environment>,
    /// Folder of CA certificates of the JPKI (*.der, *.pem): the card's certificate for authentication is checked as well, and
    /// has to be there
    #[arg(long, value_name = "DIR")]
    pub(crate) jpki_cas: Option<PathBuf>,
}

/// By what the text AP is opened.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The PIN, four digits: number and attributes
    Pin,
    /// 照合番号A, the twelve digits of the individual number: the number
    A,
    /// 照合番号B, printed on the card: birth date YYYYMMDD, year of expiry YYYY and security code, 16 digits in one: the attributes
    B,
}

#[derive(Args)]
pub(crate) struct ReadArguments {
    #[command(flatten)]
    pub(crate) on: On,
    /// By what the card is opened
    #[arg(long, value_enum, default_value_t = By::Pin)]
    pub(crate) by: By,
    #[command(flatten)]
    pub(crate) entry: Entry,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Go on although the 券面事項確認AP does not bind the proof to the card: whoever has one card's files and another
    /// card could have made it
    #[arg(long, requires = "anchors")]
    pub(crate) accept_unbound: bool,
    /// Go on although the card has expired
    #[arg(long)]
    pub(crate) accept_expired: bool,
    /// Read by secure messaging, or not at all. The PIN goes plain all the same
    #[arg(long)]
    pub(crate) secure_messaging: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// Folder that `dump` wrote, or file of evidence
    pub(crate) path: PathBuf,
    /// Folder of trust anchors (*.pem): CA keys of card-verifiable certificates
    #[arg(long, value_name = "DIR")]
    pub(crate) anchors: PathBuf,
    /// What kind of cards they are for: production, test-card or emulator
    #[arg(long)]
    pub(crate) environment: Environment,
    /// Folder of CA certificates of the JPKI (*.der, *.pem); without it a dump's certificate is not checked
    #[arg(long, value_name = "DIR")]
    pub(crate) jpki_cas: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Args)]
pub(crate) struct DumpArguments {
    /// Folder to write to; it must not be there yet
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) on: On,
    /// Write only what needs no PIN
    #[arg(long, conflicts_with_all = ["pin_fd", "last_try"])]
    pub(crate) free: bool,
    #[command(flatten)]
    pub(crate) entry: Entry,
}

/// Which PIN or password.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// 券面事項入力補助用暗証番号, 4 digits
    Text,
    /// 利用者証明用電子証明書の暗証番号, 4 digits
    Auth,
    /// 署名用電子証明書の暗証番号, 6 to 16 letters and digits
    Sign,
}

#[derive(Args)]
pub(crate) struct ChangeArguments {
    /// Which one
    #[arg(value_enum)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) on: On,
    #[command(flatten)]
    pub(crate) entry: Entry,
}
