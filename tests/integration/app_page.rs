//! The app's page in a browser at a phone's size, with everything real around it (`tests/browser/app.py`).

use crate::kiosk_page::drives;

/// One world for all of it: what comes later finds the certificates of what came before, as on a device that somebody uses.
#[test]
fn residents_get_keep_show_and_verify_certificates_at_home() {
    drives("app.py", &[]);
}
