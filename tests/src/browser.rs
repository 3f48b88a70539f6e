//! The kiosk's own browser, where there is no screen: how it is started, and which process it is; and what else is beside a kiosk's core.

/// What Chromium is called with beside what the kiosk gives it. Its own sandbox does not work for root, and there is no screen here.
pub const HEADLESS: [&str; 3] = ["--no-sandbox", "--headless=new", "--disable-gpu"];

/// What starts browsers, beside the kiosk's core: its child.
#[must_use]
pub fn launcher(kiosk: u32) -> Option<u32> {
    beside(kiosk, "kiosk-launcher")
}

/// The process beside a kiosk's core that is called so.
#[must_use]
pub fn beside(kiosk: u32, name: &str) -> Option<u32> {
    children(kiosk).find(|child| command_line(*child).split('\0').next() == Some(name))
}

/// The browser's first process: among the launcher's children, which are all that browsers left behind, the one with a profile.
#[must_use]
pub fn first_process(kiosk: u32) -> Option<u32> {
    let is_first = |child: &u32| {
        let line = command_line(*child);
        // What starts it has its arguments too, and does not end with the launcher yet.
        line.contains("--user-data-dir=")
            && !line.contains("--type=")
            && !line.starts_with("setpriv")
    };
    children(launcher(kiosk)?).find(is_first)
}

fn children(process: u32) -> impl Iterator<Item = u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children: Vec<u32> = children
        .unwrap_or_default()
        .split_whitespace()
        .flat_map(str::parse)
        .collect();
    children.into_iter()
}

fn command_line(process: u32) -> String {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}
