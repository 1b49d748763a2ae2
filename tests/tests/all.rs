//! Whole-system tests: the real daemon against the emulated cloud. One binary, to link once.

mod all {
    mod mirror;
    mod parallel;
}
