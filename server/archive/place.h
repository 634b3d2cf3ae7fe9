/* From the path of an archive in a bucket to what a restore has to be told: spilo's rule
 * (s3://<bucket>/spilo/<scopePrefix><scope><suffix>/wal/<version>) read backwards. Pure. */
#ifndef SERVER_ARCHIVE_PLACE_H
#define SERVER_ARCHIVE_PLACE_H

#include "base/buf.h"

/* All texts but `region` and `endpoint` are borrowed from the bucket's name and the path. */
struct archive_place {
    struct str bucket;   /* "" when nobody said it */
    struct str path;     /* "spilo/c/99e8/wal/15", without "/" at its ends */
    struct str scope;    /* absent: the path is none that spilo makes, so there is only a prefix */
    struct str suffix;   /* "/99e8"; "" in the layout without uid */
    struct str version;  /* "15"; "" when the path does not end in "wal/<version>" */
    struct str region;   /* "" when nobody said it */
    struct str endpoint; /* "" for AWS */
};

/* Reads a path; region and endpoint stay as they are in *place. */
void place_read(struct archive_place *place, struct str bucket, struct str path);

/* Whether a restore ConfigMap can say it all; a whole prefix and an endpoint need a profile. */
bool place_fits_configmap(const struct archive_place *place);

/* Adds the restore ConfigMap, or the profile for the chart's values, as YAML. */
void place_yaml(const struct archive_place *place, struct buf *out);

/* Adds two members of a JSON object, of which one is null: "configMap" (its data), "profile". */
void place_json(const struct archive_place *place, struct buf *out);

#endif
