/* Whether to ask S3 again after a failure, and after how long: pure arithmetic. */
#ifndef SERVER_S3_RETRY_H
#define SERVER_S3_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* What went wrong, as far as asking again is concerned. */
enum s3_trouble {
    S3_TROUBLE_NONE,
    S3_TROUBLE_LASTING,     /* asking again does not help */
    S3_TROUBLE_BUSY,        /* the store is overloaded or failed */
    S3_TROUBLE_BROKEN,      /* the connection ended before the answer did */
    S3_TROUBLE_GARBLED,     /* the answer is none of S3's */
    S3_TROUBLE_UNREACHABLE, /* no connection, or no answer in time */
    S3_TROUBLE_EXPIRED,     /* the keys are no longer valid: there may be newer ones */
};

/* Failures in a row. Starts as {0}, and again after each success. */
struct s3_retry {
    unsigned tries;   /* how often it was asked */
    int64_t since_ms; /* when it failed for the first time */
};

/* How long asking again may go on. */
#define S3_RETRY_MOST_MS 120000

/* Counts a failure at `now_ms` (any clock that only goes forward). Returns false when it was the
 * last one; else *ret_ms is how long to wait: doubling from a quarter of a second, somewhere in the
 * upper half, never shorter than what the store asked for (`asked` seconds, 0 = nothing). `random`
 * is any number. */
bool s3_retry_again(struct s3_retry *retry, enum s3_trouble trouble, unsigned asked, int64_t now_ms,
                    uint32_t random, unsigned *ret_ms) __attribute__((warn_unused_result));

/* What an answer means: the status of HTTP, and the code of S3 ("" when there is none). */
enum s3_trouble s3_trouble_of(long status, const char *code);

#endif
