/*
 * The objects of one bucket. Requests are signed; what may pass by itself (throttling, a broken
 * connection) is tried again with back-off, bounded in number and time. Errors are for a person:
 * what happened, and the way out; of which object, the caller knows. Keys of objects are bytes as
 * S3 has them, without a
 * "/" in front.
 */
#ifndef SERVER_S3_H
#define SERVER_S3_H

#include "base/error.h"
#include "base/str.h"

/* Longest key of an object, in bytes (S3's own limit). */
#define S3_KEY_MAX 1024

enum s3_status {
    S3_DONE,
    S3_STOPPED, /* the callback returned false */
    S3_ABSENT,  /* there is no such object */
    S3_EXISTS,  /* there already is one, and it stays as it is */
    S3_UNKNOWN, /* network, credentials, permissions: the error says which, and the way out */
};

struct s3_place {
    const char *bucket;
    const char *region;   /* NULL: AWS_REGION, AWS_DEFAULT_REGION, else a mistake */
    const char *endpoint; /* NULL: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_ENDPOINT, else AWS */
    const char *ca;       /* a file of authorities, NULL: the system's */
    const char *credentials; /* see server/s3_keys.h */
    bool path_style;         /* or AWS_S3_FORCE_PATH_STYLE=true */
};

/* Borrowed for the time of the call. */
struct s3_object {
    struct str key;
    uint64_t size;
    int64_t modified; /* seconds UTC */
    bool folder;      /* what is deeper, as one: the key ends with "/" */
};

struct s3;

/* Takes copies. Talks to nobody yet; fails when the place is incomplete or contradictory, or when
 * there are no keys. One thread at a time uses it. The caller frees. */
bool s3_new(const struct s3_place *place, struct s3 **ret, struct error *err)
    __attribute__((warn_unused_result));
void s3_free(struct s3 *s3);

/* Takes "s3://bucket/path/to" apart: "bucket", and "path/to" ("" for none; "/" at its ends
 * dropped). Fails when it is no such place. The caller frees both. */
bool s3_split(const char *place, char **ret_bucket, char **ret_path, struct error *err)
    __attribute__((warn_unused_result));

/* Calls `visit` for each object whose key begins with `prefix`, in the order of the bytes of the
 * keys; with `folders`, what has a "/" behind the prefix comes as one folder each, behind the
 * objects of its page. An empty listing is S3_DONE. */
typedef bool (*s3_visit)(void *context, const struct s3_object *object);
enum s3_status s3_list(struct s3 *s3, const char *prefix, bool folders, s3_visit visit,
                       void *context, struct error *err) __attribute__((warn_unused_result));

/* Streams an object in order. A connection that breaks is taken up again where it broke, if the
 * object is still the same (ETag). */
typedef bool (*s3_bytes)(void *context, struct str bytes);
enum s3_status s3_get(struct s3 *s3, const char *key, s3_bytes take, void *context,
                      struct error *err) __attribute__((warn_unused_result));

/* Asks for an object's size and time, not for its key. */
enum s3_status s3_head(struct s3 *s3, const char *key, struct s3_object *ret, struct error *err)
    __attribute__((warn_unused_result));

/* Writes an object that is not there yet; S3_EXISTS when it is. Looks first, and has the store
 * refuse too (If-None-Match), for not every store heeds that. */
enum s3_status s3_put(struct s3 *s3, const char *key, struct str content, struct error *err)
    __attribute__((warn_unused_result));

/* Ends what is under way, and every later call, with S3_UNKNOWN. From any thread. */
void s3_cancel(struct s3 *s3);

#endif
