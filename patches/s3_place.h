/*
 * What a place in S3 and a target may look like in spilo's variables (spilo's path rule:
 * s3://<bucket>/spilo/<scopePrefix><scope><suffix>/wal/<version>). One validator for profiles and
 * for restore ConfigMaps. Each question answers with *err as what was found and what was expected,
 * without a place: "'abc' does not start with '/'". All questions need a text that is not absent.
 */
#ifndef PATCHES_S3_PLACE_H
#define PATCHES_S3_PLACE_H

#include "base/error.h"
#include "base/str.h"

/* The bare name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'. */
bool s3_bucket_valid(struct str bucket, struct error *err);

/* The name of a cluster: letters, digits, '-', '_' and '.', no '/'. */
bool s3_scope_valid(struct str scope, struct error *err);

/* What stands before the scope: empty, or as a scope with '/' between parts ("ns-", "team/ns-"). */
bool s3_scope_prefix_valid(struct str prefix, struct error *err);

/* What stands behind the scope: empty (the layout without uid), or "/" and parts. */
bool s3_suffix_valid(struct str suffix, struct error *err);

/* A whole place: "s3://bucket/path/wal", with or without "/wal" and "/wal/<version>". */
bool s3_prefix_valid(struct str prefix, struct error *err);

/* A region: letters, digits, '-' and '_'. */
bool s3_region_valid(struct str region, struct error *err);

/* "http://host", "https://host:port": a plain URL without path and user. */
bool s3_endpoint_valid(struct str endpoint, struct error *err);

/* A target timeline: "latest", "current" or a number from 1 to 4294967295. */
bool s3_timeline_valid(struct str timeline, struct error *err);

/* "bucket/spilo/<prefix><scope><suffix>": where an archive lies, without scheme, "/wal" and
 * version; absent texts count as empty. The caller frees. */
char *s3_path(struct str bucket, struct str scope_prefix, struct str scope, struct str suffix)
    __attribute__((warn_unused_result));

/* The same of a whole place: without "s3://", trailing "/", "/wal" and "/wal/<version>". */
struct str s3_prefix_path(struct str prefix);

/* The scope in a valid place: the part after "spilo/", else the last one before "/wal". */
struct str s3_prefix_scope(struct str prefix);

#endif
