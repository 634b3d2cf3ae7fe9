/*
 * The XML that S3 and STS answer with. No DTD, no entities but XML's own, bounded depth and sizes.
 * Elements that are not known are passed over. Pure. The only file that knows expat.
 */
#ifndef SERVER_S3_XML_H
#define SERVER_S3_XML_H

#include "base/buf.h"
#include "base/error.h"

/* Most objects of a page (S3's own limit), and the largest page. */
#define S3_XML_PAGE_KEYS 1000u
#define S3_XML_PAGE_MAX (8u * 1024 * 1024)

/* One object or folder of a page. */
struct s3_row {
    size_t key, key_length; /* in `keys` */
    uint64_t size;
    int64_t modified; /* seconds UTC; 0 when it is not told */
    bool folder;
};

struct s3_page {
    struct buf keys; /* as they are, one behind the other */
    struct s3_row *rows;
    size_t count;
    bool truncated; /* there are more */
    char *next;     /* where they begin; NULL when it is not told */
};

/* Reads ListBucketResult. On failure *err is what was found and expected. The caller ends *ret in
 * any case. */
bool s3_xml_page(struct str xml, struct s3_page *ret, struct error *err)
    __attribute__((warn_unused_result));
void s3_page_done(struct s3_page *page);

/* What a store says of a refusal; a text that is not there is "", a longer one is cut. */
struct s3_fault {
    char code[64];
    char message[256];
    char region[64];
    int64_t server_time; /* seconds UTC; 0 when it is not told */
};

/* Reads Error of S3, ErrorResponse of STS. Returns false, with all texts empty, when it is none. */
bool s3_xml_fault(struct str xml, struct s3_fault *ret) __attribute__((warn_unused_result));

/* Keys that STS has given. The caller clears the buffers with secret_clear(). */
struct s3_session {
    struct buf id, key, token;
    int64_t expires; /* seconds UTC */
};

/* Reads AssumeRoleWithWebIdentityResponse; a failure never tells what was read. */
bool s3_xml_session(struct str xml, struct s3_session *ret, struct error *err)
    __attribute__((warn_unused_result));

/* The version of expat in use. */
const char *s3_xml_library_version(void);

#endif
