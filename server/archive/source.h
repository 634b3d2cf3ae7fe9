/*
 * Where the objects of an archive come from: a prefix of a bucket, or a folder of the same layout.
 * Keys are relative to that place and never begin with "/". Nothing is written.
 */
#ifndef SERVER_ARCHIVE_SOURCE_H
#define SERVER_ARCHIVE_SOURCE_H

#include "base/buf.h"
#include "base/error.h"

/* Longest key, in bytes (S3's own limit). */
#define SOURCE_KEY_MAX 1024

enum source_status {
    SOURCE_DONE,
    SOURCE_STOPPED, /* the callback returned false */
    SOURCE_ABSENT,  /* there is no such object */
    SOURCE_UNKNOWN, /* network, credentials, permissions: the error says which, and the way out */
};

/* Borrowed for the time of the call. */
struct source_object {
    struct str key;   /* of a folder: ends with "/" */
    uint64_t size;    /* bytes; 0 for a folder */
    int64_t modified; /* seconds UTC; 0 for a folder */
};

struct source_place {
    const char *prefix;      /* "s3://bucket/path" or the path of a folder */
    const char *region;      /* NULL: AWS_REGION, AWS_DEFAULT_REGION, else a mistake */
    const char *endpoint;    /* NULL: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_ENDPOINT, else AWS
                                itself */
    const char *ca;          /* a file of authorities, NULL: the system's */
    const char *credentials; /* a folder of files named as the AWS_* variables; NULL: see
                                server/s3_keys.h */
    bool path_style;
};

struct source;

/* Takes copies. Talks to nobody yet; fails when the place is incomplete or contradictory. The
 * caller frees. */
bool source_open(const struct source_place *place, struct source **ret, struct error *err)
    __attribute__((warn_unused_result));
void source_close(struct source *source);

/* The place as a person wrote it. */
const char *source_name(const struct source *source);

/* Calls `visit` for every object whose key begins with `prefix`. From S3 in the order of the bytes
 * of the keys, from a folder in any order. An object that is being written is not there yet in S3;
 * in a folder it may be, and grow. Symbolic links in a folder are not followed: SOURCE_UNKNOWN. */
typedef bool (*source_visit)(void *context, const struct source_object *object);
enum source_status source_list(struct source *source, const char *prefix, source_visit visit,
                               void *context, struct error *err)
    __attribute__((warn_unused_result));

/* The same with the delimiter "/": objects directly below `prefix`, and what is deeper as one
 * folder each. `prefix` is "" or ends with "/". */
enum source_status source_list_folder(struct source *source, const char *prefix, source_visit visit,
                                      void *context, struct error *err)
    __attribute__((warn_unused_result));

/* Streams an object in order; a connection that breaks in the middle is taken up again where it
 * broke, if the object is still the same (ETag), else SOURCE_UNKNOWN. The error does not name the
 * key, which the caller knows. */
typedef bool (*source_bytes)(void *context, struct str bytes);
enum source_status source_read(struct source *source, const char *key, source_bytes take,
                               void *context, struct error *err)
    __attribute__((warn_unused_result));

/* Ends what is under way, and every later call, with SOURCE_UNKNOWN. From any thread. */
void source_cancel(struct source *source);

#endif
