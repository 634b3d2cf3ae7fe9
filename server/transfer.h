/*
 * One HTTP request and its answer, over a connection that is kept for the next one. No redirect is
 * followed, nothing is tried again. The only file that knows libcurl.
 */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include "base/buf.h"
#include "base/error.h"

enum transfer_status {
    TRANSFER_ANSWERED,   /* a whole answer, whatever its code */
    TRANSFER_CANCELLED,  /* transfer_cancel() */
    TRANSFER_STOPPED,    /* `take` returned false */
    TRANSFER_TOO_LARGE,  /* the answer is larger than `answer_max` */
    TRANSFER_NO_NAME,    /* the name of the host, or of the proxy, is not known */
    TRANSFER_NO_CONNECT, /* nobody listens there, or no way leads there */
    TRANSFER_UNTRUSTED,  /* the server's certificate is not one that we trust */
    TRANSFER_TIMEOUT,
    TRANSFER_BROKEN, /* the connection ended before the answer did */
    TRANSFER_FAILED, /* anything else */
};

/* Whom to trust and who we are; all of it PEM. */
struct transfer_tls {
    const char *ca_file;    /* NULL: `ca`, or the system's; read for each new connection */
    struct str ca;          /* absent: `ca_file`, or the system's */
    struct str certificate; /* ours, with its chain; absent: none */
    struct str key;         /* of our certificate */
};

/* AWS Signature Version 4. All headers of the request are signed; the caller gives the query sorted
 * and encoded, and x-amz-content-sha256 among the headers. */
struct transfer_signature {
    const char *region, *service;
    const char *key_id, *key;
};

typedef bool (*transfer_take)(void *context, struct str bytes);

/* All borrowed for the time of the call; what is not named is off. */
struct transfer_request {
    const char *method;
    const char *url;            /* encoded; https, or http when `plain` */
    const char *const *headers; /* "Name: value" until NULL; NULL: none */
    struct str body;            /* absent: none */
    struct transfer_tls tls;
    const struct transfer_signature *signature; /* NULL: none */
    size_t answer_max;                          /* most bytes of `body` in the answer */
    transfer_take take;  /* gets the body of an answer 2xx as it comes; NULL: kept in the answer */
    void *context;       /* of `take` */
    unsigned connect_ms; /* longest time to a connection */
    unsigned total_ms;   /* longest time in all */
    unsigned stalled_s;  /* longest time without a byte */
    bool plain;          /* http is allowed too */
    bool proxy;          /* the proxies of the environment are used */
};

struct transfer_answer {
    long code;
    struct buf body; /* the caller clears */
};

struct transfer;

/* Never NULL; one thread at a time uses it. The caller frees. */
struct transfer *transfer_new(void) __attribute__((warn_unused_result));
void transfer_free(struct transfer *transfer);

/* Asks. Only with TRANSFER_ANSWERED the answer is whole; else the error says in libcurl's words
 * what happened. The caller clears `answer->body` in any case. */
enum transfer_status transfer_perform(struct transfer *transfer,
                                      const struct transfer_request *request,
                                      struct transfer_answer *answer, struct error *err)
    __attribute__((warn_unused_result));

/* More words about the last failure (why a certificate is not trusted); "" for none. */
const char *transfer_detail(const struct transfer *transfer);

/* A header of the last answer, also from within `take`; NULL when there is none. Valid until the
 * next request. */
const char *transfer_header(const struct transfer *transfer, const char *name);

/* The same as a time (an HTTP date), in seconds UTC; 0 when there is none. */
int64_t transfer_header_time(const struct transfer *transfer, const char *name);

/* Seconds that the last answer asked to wait (Retry-After); 0 for none. */
unsigned transfer_retry_after(const struct transfer *transfer);

/* Waits, without a request. Returns false, at once, when it was cancelled. */
bool transfer_wait(struct transfer *transfer, unsigned ms) __attribute__((warn_unused_result));

/* Ends what is under way, and everything later. From any thread. */
void transfer_cancel(struct transfer *transfer);
bool transfer_cancelled(const struct transfer *transfer);

/* The version of libcurl in use. */
const char *transfer_library_version(void);

#endif
