//! The JSON Schema of the options, with which the daemon checks a configuration.

use backhaul_provider_api::serde_json::{Value, json};

/// The schema. What it cannot say (that a pattern makes sense) is checked when a session opens.
pub(crate) fn schema() -> Value {
    let kinds = ["full", "differential", "incremental", "log", "slowlog"];
    let span = "^([0-9]+ ?(s|m|min|h|d) ?)+$";
    let pattern = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": 1024,
        "description": "How keys below the prefix are read. {instance}, {kind} and {set} take a \
                        part of one path segment; {time:FORMAT} a time such as \
                        {time:%Y-%m-%dT%H%M%SZ}; {file} the rest, slashes too; {*} and {**} \
                        anything within a segment and across segments. Objects with the same \
                        values but for {file}, {*} and {**} are one backup.",
    });
    let kind = json!({
        "enum": kinds,
        "description": "The kind of every backup, where the pattern has no {kind}. Default: full.",
    });
    let words = json!({
        "type": "object",
        "additionalProperties": { "enum": kinds },
        "description": "What the words in the place of {kind} mean, such as \
                        { base = \"full\", wal = \"log\" }. The kinds' own names are known.",
    });
    let complete_when = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": 1024,
        "description": "The object without which a backup is still being pushed: the name of one \
                        of its files, such as _SUCCESS, or a pattern with the same placeholders.",
    });
    let settle = json!({
        "type": "string",
        "pattern": span,
        "description": "How long nothing may have been added to a backup of several files until \
                        it counts as whole, where `complete_when` is not set. Default: 15min.",
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "required": ["bucket"],
        "oneOf": [{ "required": ["pattern"] }, { "required": ["layouts"] }],
        "properties": {
            "bucket": {
                "type": "string",
                "pattern": "^[A-Za-z0-9._-]{1,255}$",
                "description": "The bucket's name.",
            },
            "prefix": {
                "type": "string",
                "pattern": "^([^/].*)?$",
                "maxLength": 900,
                "description": "The folder of the bucket that is looked at. Default: all of it.",
            },
            "addressing": {
                "enum": ["path", "virtual-host", "own-host"],
                "description": "Where the bucket stands in URLs: path is https://host/bucket/key, \
                                virtual-host is https://bucket.host/key, own-host is \
                                https://host/key with an endpoint of the bucket's own. Default: \
                                path with a configured endpoint other than of OSS and COS, else \
                                virtual-host.",
            },
            "pattern": pattern,
            "layouts": {
                "type": "array",
                "minItems": 1,
                "maxItems": 32,
                "description": "Several patterns, each with rules of its own; the first that \
                                matches a key counts. Rules beside the list are their defaults.",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["pattern"],
                    "properties": {
                        "pattern": pattern,
                        "kind": kind,
                        "kinds": words,
                        "complete_when": complete_when,
                        "settle": settle,
                    },
                },
            },
            "kind": kind,
            "kinds": words,
            "complete_when": complete_when,
            "settle": settle,
            "timezone": {
                "type": "string",
                "pattern": "^(UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)$",
                "description": "The zone of times in keys that name none, such as +08:00. \
                                Default: UTC, and every such backup says that it was assumed.",
            },
            "instance": {
                "type": "string",
                "minLength": 1,
                "maxLength": 256,
                "description": "The instance of backups whose pattern has no {instance}. Default: \
                                the bucket's name.",
            },
            "engine": {
                "type": "string",
                "minLength": 1,
                "maxLength": 100,
                "description": "The database engine, such as PostgreSQL; recorded with every backup.",
            },
            "versions": {
                "type": "boolean",
                "default": false,
                "description": "True makes every kept version of an object a backup of its own, \
                                for buckets with versioning.",
            },
            "link_lifetime": {
                "type": "string",
                "pattern": span,
                "description": "How long download links live, from 1min to 7d. Default: 1h.",
            },
            "etag_is_md5": {
                "type": "boolean",
                "default": true,
                "description": "False for a store whose plain ETags are not the MD5 of the object.",
            },
        },
    })
}
