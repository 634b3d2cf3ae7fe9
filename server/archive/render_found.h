/* What was found in a bucket, for people (it is YAML to paste, the rest are comments) and as JSON.
 * Pure. */
#ifndef SERVER_ARCHIVE_RENDER_FOUND_H
#define SERVER_ARCHIVE_RENDER_FOUND_H

#include "server/archive/find.h"
#include "server/archive/place.h"

/* Where it was looked; all borrowed. */
struct found_where {
    const char *shown;    /* "s3://harbor-db-backups", or a folder */
    const char *bucket;   /* "" when a folder's name is no name of a bucket */
    const char *path;     /* below the bucket: "" or "a/b" */
    const char *region;   /* "" when not known */
    const char *endpoint; /* "" for AWS */
};

void render_found(const struct found *found, const struct found_where *where, struct buf *out);
void render_found_json(const struct found *found, const struct found_where *where, struct buf *out);

#endif
