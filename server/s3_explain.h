/* What a refusal of S3, or no answer at all, means, and the way out, in one line. Pure. */
#ifndef SERVER_S3_EXPLAIN_H
#define SERVER_S3_EXPLAIN_H

#include "server/s3_address.h"
#include "server/s3_xml.h"
#include "server/transfer.h"

/* What was asked, by whom, and what came back; all borrowed. */
struct s3_situation {
    const char *bucket, *region;
    const struct s3_address *address;
    const char *permission; /* "s3:GetObject" */
    const char *keys;       /* where they are from: "AWS_ACCESS_KEY_ID" */
    int64_t now;            /* seconds UTC */
    unsigned tries;         /* how often it was asked */
    long status;            /* of HTTP */
    const struct s3_fault *fault;
    const char *region_header; /* x-amz-bucket-region; NULL */
    int64_t date;              /* of the answer; 0 */
    unsigned asked;            /* seconds to wait; 0 */
};

/* The store has answered, and refused. */
void s3_explain_refusal(const struct s3_situation *situation, struct error *err);

/* There was no answer; `said` are libcurl's words, `detail` more of them. */
void s3_explain_silence(const struct s3_situation *situation, enum transfer_status status,
                        const char *said, const char *detail, struct error *err);

/* There was an answer, but not one of S3; `problem` is what is wrong with it. */
void s3_explain_garbage(const struct s3_situation *situation, const char *problem,
                        struct error *err);

#endif
