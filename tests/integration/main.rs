//! The real processes, driven from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod abroad;
mod app;
mod app_page;
mod applications;
mod architecture;
mod binding;
mod card_program;
mod certificates;
mod counter;
mod emulated_card;
mod enrolment;
mod evidence;
mod experiments;
mod explained;
mod kiosk_page;
mod logs;
mod out_of_service;
mod package;
mod page;
mod panel;
mod passports;
mod printing;
mod registrations;
mod sessions;
mod signers;
mod slots;
mod startup;
mod terminals;
mod transcripts;
mod unavailable;
mod units;
mod verifying;
mod voice;
