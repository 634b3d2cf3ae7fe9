/* Where a bucket is, and how its objects are written in a URL. Pure. */
#ifndef SERVER_S3_ADDRESS_H
#define SERVER_S3_ADDRESS_H

#include "base/buf.h"
#include "base/error.h"

/* Longest URL: a whole key, each byte encoded. */
#define S3_URL_MAX (8u * 1024)

struct s3_address {
    char *base; /* "https://bucket.s3.eu-central-1.amazonaws.com", "http://host:9000/bucket" */
    char *host; /* with its port, for messages */
    bool path_style;
    bool plain;  /* http */
    bool custom; /* not AWS itself */
};

/* `endpoint` is "https://host:port", or NULL: AWS in that region. Without `path_style` the bucket
 * stands in the host's name where that can work: not under an IP address or a name without dots,
 * and not with dots in the bucket's own name under TLS. The caller ends it. */
bool s3_address_set(struct s3_address *ret, const char *bucket, const char *region,
                    const char *endpoint, bool path_style, struct error *err)
    __attribute__((warn_unused_result));
void s3_address_done(struct s3_address *address);

/* Where a service of AWS is in a region: "https://sts.cn-north-1.amazonaws.com.cn". The caller
 * frees. */
char *s3_aws_endpoint(const char *service, const char *region) __attribute__((warn_unused_result));

/* Adds text as SigV4 wants it encoded: all but A-Z a-z 0-9 - . _ ~ as %XX; "/" stays on request. */
void s3_encode(struct buf *url, struct str text, bool keep_slash);

/* Adds the URL of an object. */
void s3_object_url(struct buf *url, const struct s3_address *address, const char *key);

/* A page of a listing: what is NULL is left out. */
struct s3_list_query {
    const char *prefix;
    const char *token; /* where the last page ended */
    bool folders;      /* with the delimiter "/" */
};

/* Adds the URL of a page, its query sorted. */
void s3_list_url(struct buf *url, const struct s3_address *address,
                 const struct s3_list_query *query);

#endif
