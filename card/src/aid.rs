//! Application ids (ISO/IEC 7816-5) on the My Number Card.

pub use crate::card_manager::AID as CARD_MANAGER;
pub use crate::common_ap::AID as COMMON_AP;
pub use crate::jpki_ap::AID as JPKI_AP;
pub use crate::surface_ap::AID as SURFACE_AP;
pub use crate::text_ap::AID as TEXT_AP;

/// 住基AP.
pub const JUKI_AP: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x01];
