use super::*;

fn of(body: &str, versions: bool) -> Result<Page, String> {
    read(&Element::parse(body).unwrap(), versions)
}

#[test]
fn the_reference_s_page_is_read() {
    let page = of(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>quotes</Name><Prefix>E</Prefix><StartAfter>ExampleGuide.pdf</StartAfter><KeyCount>1</KeyCount>
  <MaxKeys>3</MaxKeys><IsTruncated>false</IsTruncated>
  <Contents><Key>ExampleObject.txt</Key><LastModified>2013-09-17T18:07:53.000Z</LastModified>
    <ETag>&quot;599bab3ed2c697f1d26842727561fd94&quot;</ETag><Size>857</Size>
    <StorageClass>REDUCED_REDUNDANCY</StorageClass></Contents>
</ListBucketResult>"#,
        false,
    )
    .unwrap();
    assert_eq!(page.next, None);
    let [object] = &page.objects[..] else {
        panic!("{page:?}")
    };
    assert_eq!(object.key, "ExampleObject.txt");
    assert_eq!(object.size, 857);
    assert_eq!(object.modified.to_rfc3339(), "2013-09-17T18:07:53+00:00");
    assert_eq!(object.obstacle(false), None);
}

#[test]
fn encoded_keys_folders_and_the_token_of_the_next_page_are_read() {
    let page = of(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>\
         <Contents><Key>a+b%2Bc/%E6%97%A5%01</Key><LastModified>2024-01-15T08:30:00Z</LastModified><Size>0</Size></Contents>\
         <CommonPrefixes><Prefix>shop+eu/</Prefix></CommonPrefixes></ListBucketResult>",
        false,
    )
    .unwrap();
    assert_eq!(page.objects[0].key, "a b+c/日\u{1}");
    assert_eq!(page.folders, ["shop eu/"]);
    let token = "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=";
    assert_eq!(page.next, Some(Marker::Token(token.to_owned())));
}

#[test]
fn versions_are_read_and_marks_of_deletion_are_not() {
    let page = of(
        "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>\
         <NextVersionIdMarker>v1</NextVersionIdMarker>\
         <Version><Key>k</Key><VersionId>v2</VersionId><LastModified>2024-01-15T08:30:00Z</LastModified><Size>5</Size></Version>\
         <DeleteMarker><Key>k</Key><VersionId>d</VersionId></DeleteMarker>\
         <Version><Key>k</Key><VersionId>v1</VersionId><LastModified>2024-01-14T08:30:00Z</LastModified><Size>4</Size></Version>\
         </ListVersionsResult>",
        true,
    )
    .unwrap();
    let versions: Vec<_> = page
        .objects
        .iter()
        .filter_map(|object| object.version.as_deref())
        .collect();
    assert_eq!(versions, ["v2", "v1"]);
    let next = Marker::Version {
        key: "k".to_owned(),
        version: Some("v1".to_owned()),
    };
    assert_eq!(page.next, Some(next));
}

#[test]
fn a_page_of_another_form_is_refused_by_the_field() {
    let entry = |inside: &str| {
        format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents>{inside}</Contents></ListBucketResult>"
        )
    };
    for (body, named) in [
        ("<Other/>".to_owned(), "ListBucketResult"),
        ("<ListBucketResult/>".to_owned(), "IsTruncated"),
        (
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>".to_owned(),
            "NextContinuationToken",
        ),
        (entry("<Size>1</Size>"), "Key"),
        (
            entry("<Key>a</Key><LastModified>2024-01-15T08:30:00Z</LastModified>"),
            "Size",
        ),
        (
            entry("<Key>a</Key><Size>-1</Size><LastModified>2024-01-15T08:30:00Z</LastModified>"),
            "Size",
        ),
        (
            entry("<Key>a</Key><Size>1</Size><LastModified>today</LastModified>"),
            "LastModified",
        ),
        (
            entry("<Key>a</Key><Size>1</Size><LastModified>1970-01-01T00:00:00Z</LastModified>"),
            "LastModified",
        ),
    ] {
        let why = of(&body, false).unwrap_err();
        assert!(why.contains(named), "{body}: {why}");
    }
    assert!(
        of(
            "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            true
        )
        .is_err()
    );
}

#[test]
fn archived_and_unreachable_objects_say_so() {
    let object = |key: &str, class: Option<&str>, restore: &str| {
        let class = class
            .map(|class| format!("<StorageClass>{class}</StorageClass>"))
            .unwrap_or_default();
        let body = format!(
            "<Contents><Key>{key}</Key><Size>1</Size><LastModified>2024-01-15T08:30:00Z</LastModified>{class}{restore}</Contents>"
        );
        object(&Element::parse(&body).unwrap(), str::to_owned).unwrap()
    };
    let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2024-02-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>";
    let under_way =
        "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    for (object, google, said) in [
        (object("a", None, ""), false, None),
        (object("a", Some("STANDARD"), ""), false, None),
        (object("a", Some("GLACIER_IR"), ""), false, None),
        (
            object("a", Some("GLACIER"), ""),
            false,
            Some("storage class GLACIER"),
        ),
        (
            object("a", Some("DEEP_ARCHIVE"), under_way),
            false,
            Some("restored"),
        ),
        (object("a", Some("GLACIER"), restored), false, None),
        (object("a", Some("ARCHIVE"), ""), false, Some("ARCHIVE")),
        (object("a", Some("ARCHIVE"), ""), true, None),
        (object("a/../b", None, ""), false, Some("`..`")),
        (object("a&#1;b", None, ""), false, Some("control character")),
        (object(&"k".repeat(1025), None, ""), false, Some("1024")),
    ] {
        let obstacle = object.obstacle(google);
        assert_eq!(obstacle.is_some(), said.is_some(), "{object:?}");
        if let (Some(obstacle), Some(said)) = (obstacle, said) {
            assert!(obstacle.contains(said), "{obstacle}");
        }
    }
}

#[test]
fn only_digests_of_whole_objects_are_worth_asking_for() {
    for (inside, has_sha) in [
        ("", false),
        ("<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>", false),
        ("<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>", true),
        (
            "<ChecksumAlgorithm>SHA1</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
            true,
        ),
        (
            "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>",
            false,
        ),
    ] {
        let body = format!(
            "<Contents><Key>a</Key><Size>1</Size><LastModified>2024-01-15T08:30:00Z</LastModified>{inside}</Contents>"
        );
        let object = object(&Element::parse(&body).unwrap(), str::to_owned).unwrap();
        assert_eq!(object.has_sha, has_sha, "{inside}");
    }
}
