//! Emulated clouds: vendors played on loopback, faithful where it matters and faulty on request.
//!
//! The files in this folder belong to no vendor: a clock that can be moved, objects with
//! their contents and entity tags, their delivery with ranges, conditions and wire faults,
//! the count of what was asked. One folder per vendor, such as [`huawei`], adds
//! authentication, API calls and the vendor's own form of links and errors.

pub mod blocking;
pub mod capitalonline;
pub mod clock;
pub mod condition;
pub mod content;
pub mod delivery;
pub mod demo;
pub mod entity_tag;
pub mod fault;
pub mod gate;
pub mod huawei;
pub mod object;
pub mod page;
pub mod percent;
pub mod range;
mod sending;
pub mod server;
pub mod shared;
pub mod tencent;
pub mod traffic;
pub mod wire;

pub use self::blocking::Blocking;
pub use self::clock::Clock;
pub use self::content::Content;
pub use self::fault::{Api, ApiFault, Fault, InjectedFault, ObjectFault};
pub use self::gate::Gate;
pub use self::object::{EntityTagForm, ObjectSpec};
pub use self::traffic::Traffic;
