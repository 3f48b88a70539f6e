//! The kiosk's own browser, where there is no screen: how it is started, and which of the kiosk's children it is.

/// What Chromium is called with beside what the kiosk gives it. Its own sandbox does not work for root, and there is no screen here.
pub const HEADLESS: [&str; 3] = ["--no-sandbox", "--headless=new", "--disable-gpu"];

/// The browser's first process: among the kiosk's children, which are all that browsers left behind, the one with a profile.
#[must_use]
pub fn first_process(kiosk: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{kiosk}/task/{kiosk}/children")).ok()?;
    let is_first = |child: &u32| {
        let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.contains("--user-data-dir=") && !line.contains("--type=")
    };
    let mut children = children.split_whitespace().flat_map(str::parse);
    children.find(is_first)
}
