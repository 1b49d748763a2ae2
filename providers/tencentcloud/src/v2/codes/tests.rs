use super::*;

/// Every code of the vendor's pages.
#[test]
fn every_documented_code_has_its_class() {
    let forbidden = || ErrorClass::Forbidden {
        permission: Some("GetExportBackupUrl".to_owned()),
    };
    let throttled = || ErrorClass::Throttled { after: None };
    let not_ready = || ErrorClass::NotReady { after: None };
    for (code, class) in [
        (4000, ErrorClass::Permanent),
        (4100, ErrorClass::AuthFailed),
        (4101, forbidden()),
        (4102, forbidden()),
        (4103, forbidden()),
        (4104, ErrorClass::AuthFailed),
        (4105, ErrorClass::AuthFailed),
        (4106, ErrorClass::AuthFailed),
        (4110, forbidden()),
        (4200, ErrorClass::ClockSkew),
        (4300, ErrorClass::AuthFailed),
        (4400, throttled()),
        (4500, ErrorClass::ClockSkew),
        (4600, ErrorClass::Permanent),
        (5000, ErrorClass::Permanent),
        (5100, ErrorClass::Temporary),
        (5200, ErrorClass::Permanent),
        (5300, ErrorClass::Permanent),
        (5400, ErrorClass::Permanent),
        (5500, ErrorClass::Permanent),
        (6000, ErrorClass::Temporary),
        (6100, ErrorClass::Unsupported),
        (6200, ErrorClass::Temporary),
        (9000, ErrorClass::Temporary),
        (9003, ErrorClass::Permanent),
        (9006, ErrorClass::Temporary),
        (9013, ErrorClass::Temporary),
        (9016, ErrorClass::Temporary),
        (9544, ErrorClass::Permanent),
        (9572, ErrorClass::Permanent),
        (9576, not_ready()),
        (9593, not_ready()),
    ] {
        let meaning = Meaning::of_code(code).unwrap();
        assert_eq!(
            meaning.class(Some("GetExportBackupUrl"), None),
            class,
            "{code}"
        );
        assert!(!meaning.sentence().is_empty());
    }
    for code in [0, 1, 9999, 100_004, u64::MAX] {
        assert_eq!(Meaning::of_code(code), None, "{code}");
    }
}

#[test]
fn an_answer_without_a_code_is_judged_by_its_status() {
    for (status, meaning) in [
        (301, Meaning::Redirected),
        (403, Meaning::RequestRefused),
        (404, Meaning::RequestRefused),
        (408, Meaning::Unavailable),
        (429, Meaning::Throttled),
        (500, Meaning::ServerFailure),
        (503, Meaning::Unavailable),
        (200, Meaning::Unknown),
    ] {
        assert_eq!(Meaning::of_status(status), meaning, "{status}");
    }
    let wait = Some(Seconds(3));
    assert_eq!(
        Meaning::Throttled.class(None, wait),
        ErrorClass::Throttled { after: wait }
    );
}
