//! Whole-system tests: the real daemon against the emulated cloud. One binary, to link once.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on shall say where"
)]

mod all {
    mod catalog;
    mod command;
    mod corruption;
    mod crash;
    mod decisions;
    mod documents;
    mod errors;
    mod fault;
    mod fault_matrix;
    mod kill;
    mod kit;
    mod life;
    mod limits;
    mod mirror;
    mod object_store;
    mod parallel;
    mod power_cut;
    mod prepare;
    mod provider;
    mod reload;
    mod restore;
    mod resume;
    mod resume_damaged;
    mod retention;
    mod route;
    mod schedule;
    mod secrets;
    mod share;
    mod space;
    mod upkeep;
    mod vendors;
    mod verify;
}
