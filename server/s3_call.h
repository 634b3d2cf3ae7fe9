/* One operation of a client of S3: a signed request, and the same again where that helps. Only for
 * server/s3*.c. */
#ifndef SERVER_S3_CALL_H
#define SERVER_S3_CALL_H

#include "server/s3_address.h"
#include "server/s3_keys.h"
#include "server/s3_xml.h"
#include "server/transfer.h"

#define S3_CALL_HEADERS 6

/* SHA-256 of nothing: what a request without a body sends. */
#define S3_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3 {
    struct transfer *transfer;
    struct s3_keys *keys;
    struct s3_address address;
    char *bucket, *region, *ca;
};

/* What is asked, borrowed; then what came of it. */
struct s3_call {
    const char *method;
    const char *permission; /* that the keys need: "s3:GetObject" */
    const char *url;
    const char *headers[S3_CALL_HEADERS + 1]; /* "Name: value" until NULL */
    struct str body;                          /* absent: none */
    const char *sha256;                       /* of the body, in hexadecimal; NULL: no body */
    transfer_take take;                       /* of the body of a success; NULL: kept in `answer` */
    /* Before each request; and looks at an answer, which is asked for again if it is garbled. */
    void (*before)(struct s3_call *call);
    bool (*check)(struct s3_call *call, struct error *problem);
    void *context; /* of all three */

    bool progress;                 /* `take` sets it: failures begin to count anew */
    bool final;                    /* set when asking again makes no sense */
    unsigned requests, asked;      /* how many so far; seconds that the last answer asked to wait */
    struct transfer_answer answer; /* the last one; the caller clears its body */
    struct s3_fault fault;         /* of a refusal */
};

/* Returns true when there was an answer 2xx, and `check` found no fault with it. Else *err says
 * what happened, and the way out; `answer.code` is 0 when there was no answer. */
bool s3_call(struct s3 *s3, struct s3_call *call, struct error *err)
    __attribute__((warn_unused_result));

#endif
