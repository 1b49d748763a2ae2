//! What providers have in common, whatever their vendor: pure functions over texts and JSON.
//!
//! Vendors differ in their signatures and names, but their lists move while they are read, their
//! numbers come as text, their times carry no zone, and their failures quote what must not be
//! printed. Start with [`walk`] when you write a listing, with [`call`] when you turn a failed
//! answer into an error.
//!
//! Nothing here does I/O, and nothing here knows a vendor.

pub mod body;
pub mod call;
pub mod endpoint;
pub mod percent;
pub mod quote;
pub mod record;
pub mod walk;
pub mod zone;
