/*
 * The keys that requests to S3 are signed with. From the first of these that is there:
 *   - a folder with the files AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, maybe,
 *     AWS_SESSION_TOKEN, as a mounted Secret gives them; read again for each request;
 *   - the variables of the same names;
 *   - a web identity: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; STS (AWS_ENDPOINT_URL_STS, else
 *     that of the region) gives keys for a while, and new ones before they end.
 * Keys are never told and are overwritten when they are let go.
 */
#ifndef SERVER_S3_KEYS_H
#define SERVER_S3_KEYS_H

#include "base/error.h"
#include "server/transfer.h"

struct s3_keys;

/* Borrowed until the next call. */
struct s3_key {
    const char *id, *key;
    const char *token; /* NULL: none */
};

/* `folder` may be NULL; `ca` (NULL: the system's) is for an STS that is not AWS. Talks to nobody
 * yet; fails when there are no keys to be had. The caller frees. */
bool s3_keys_new(const char *folder, const char *region, const char *ca, struct s3_keys **ret,
                 struct error *err) __attribute__((warn_unused_result));
void s3_keys_free(struct s3_keys *keys);

/* The keys of this moment (`now`: seconds UTC). Asks STS over `transfer` when they are about to
 * end. Fails with what could not be read or had, and the way out. */
bool s3_keys_get(struct s3_keys *keys, struct transfer *transfer, int64_t now, struct s3_key *ret,
                 struct error *err) __attribute__((warn_unused_result));

/* The store says that they have ended: the next call gets new ones, if there are such. */
void s3_keys_forget(struct s3_keys *keys);

/* Where they are from, for messages: "AWS_ACCESS_KEY_ID". */
const char *s3_keys_origin(const struct s3_keys *keys);

#endif
