/*
 * Where a spilo pod archives to, computed by spilo's own rule (configure_spilo.py,
 * write_wale_environment), and whether that is safely not where it is cloned from.
 */
#ifndef PATCHES_ARCHIVE_H
#define PATCHES_ARCHIVE_H

#include "patches/pod.h"

enum archive_state {
    ARCHIVE_OFF,     /* nothing is archived */
    ARCHIVE_KNOWN,   /* `path` */
    ARCHIVE_UNKNOWN, /* a reference or envFrom decides, or another kind of store */
};

struct archive {
    enum archive_state state;
    struct buf path;     /* "bucket/path", without scheme, /wal and version */
    struct buf suffix;   /* WAL_BUCKET_SCOPE_SUFFIX when it is known and a bucket is used */
    bool has_endpoint;   /* AWS_ENDPOINT or WALE_S3_ENDPOINT is, or may be, set */
    const char *unknown; /* the name that keeps the path from being known */
};

/* Reads the pod's environment. The caller frees with archive_done(). */
void archive_read(const struct pod *pod, struct archive *ret);
void archive_done(struct archive *archive);

/* Adds "bucket/path" of an archive prefix: without scheme, without "/wal" and "/wal/<version>" at
 * the end, without doubled slashes, the bucket in lower case. */
void archive_path_add(struct buf *path, struct str prefix);

/* Refuses unless the clone's source is safe from the pod's own archiving. */
void archive_check(const struct policy *policy, const struct restore_profile *profile,
                   const struct subject *subject, const struct pod *pod, struct decision *decision);

#endif
