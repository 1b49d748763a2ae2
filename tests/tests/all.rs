//! Whole-system tests: the real daemon against the emulated cloud. One binary, to link once.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on shall say where"
)]

mod all {
    mod catalog;
    mod command;
    mod errors;
    mod fault;
    mod kill;
    mod life;
    mod mirror;
    mod parallel;
    mod prepare;
    mod provider;
    mod reload;
    mod restore;
    mod resume;
    mod retention;
    mod schedule;
    mod secrets;
    mod upkeep;
}
