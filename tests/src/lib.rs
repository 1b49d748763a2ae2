//! Whole-system tests of Backhaul and what they need: emulated clouds to mirror from.
//!
//! Nothing here is part of the product. The emulated clouds are HTTP servers on loopback
//! that check what a real vendor would check, by code that shares nothing with the providers,
//! and that misbehave on request.

pub mod cloud;
pub mod harness;
pub mod restore;
