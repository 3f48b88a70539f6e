//! kiosk-agent
