//! Whole-system tests: the real daemon against the emulated cloud. One binary, to link once.

mod all {
    mod command;
    mod fault;
    mod errors;
    mod kill;
    mod life;
    mod mirror;
    mod parallel;
    mod prepare;
    mod provider;
    mod reload;
    mod resume;
    mod schedule;
    mod secrets;
}
