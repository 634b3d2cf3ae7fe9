/*
 * HTTP/1.1 over a listening socket, plain or TLS: takes whole requests within limits and sends what
 * a handler replies. Knows no paths and no decisions. The only file that knows libmicrohttpd.
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "base/buf.h"
#include "base/error.h"
#include "server/tls.h"

/* Largest text of an answer that is an error, in bytes with its line end: the API server shows it
 * to a person. */
#define HTTP_ERROR_MAX 512

/* Borrowed for the time of the request. Texts are as they were sent, NULL when absent. */
struct http_request {
    const char *method;
    const char *path;
    const char *timeout; /* the query argument */
    const char *content_type;
    const char *content_encoding;
    struct str body;
    uint64_t arrived;  /* when the headers were complete, see http_clock() */
    void *tls_session; /* for tls_check_client(); NULL on a plain port */
};

struct http_reply {
    unsigned status;
    const char *content_type; /* a literal */
    const char *allow;        /* a literal: the Allow header; NULL = none */
    bool retry;               /* Retry-After: 1 and Connection: close: ask another replica */
    struct buf body;
};

/* What a port does; called from several threads at once. */
struct http_handler {
    void *context;
    /* The headers are complete: false refuses the request with `reply`. */
    bool (*accepts)(void *context, const struct http_request *request, struct http_reply *reply);
    /* The body is complete. */
    void (*reply)(void *context, const struct http_request *request, struct http_reply *reply);
    /* Whatever was answered, also by this file; may be NULL. */
    void (*answered)(void *context, const struct http_request *request,
                     const struct http_reply *reply);
    /* What the library complains about, mostly of clients; may be NULL. */
    void (*complain)(void *context, const char *text);
};

struct http_options {
    int listen_fd; /* taken over when http_start() succeeds */
    unsigned threads;
    unsigned connections;   /* most at a time; more wait in the backlog */
    size_t header_bytes;    /* most for all header fields of a request, about */
    unsigned idle_seconds;  /* a connection without a byte for so long is closed */
    struct tls *tls;        /* NULL = plain; borrowed */
    uint64_t body_max;      /* as http_limit() */
    size_t in_flight_bytes; /* as http_limit() */
    struct http_handler handler;
};

struct http;

/* Starts threads that serve. Every signal that the process waits for must be blocked before. */
bool http_start(const struct http_options *options, struct http **ret, struct error *err)
    __attribute__((warn_unused_result));

/* From the next request on: the largest body, and the most that all bodies together may hold. */
void http_limit(struct http *http, uint64_t body_max, size_t in_flight_bytes);

/* The end, in this order: every answer says "Connection: close"; the last call, from which on no
 * client begins to connect, but those that did are served; when none of them has been waiting for a
 * while, no new connections are taken (a client is refused at once, one that waits is cut off);
 * when http_connections() is 0, or one waits no longer, http_stop() cuts what is left and frees. */
void http_close_answers(struct http *http);
void http_last_call(struct http *http);
unsigned http_waiting(const struct http *http);
void http_refuse_connections(struct http *http);
unsigned http_connections(const struct http *http);
void http_stop(struct http *http);

/* Makes the reply an error: one line of text, cut to HTTP_ERROR_MAX. */
void http_reply_error(struct http_reply *reply, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nanoseconds of a clock that only goes forward. */
uint64_t http_clock(void);

/* The version of libmicrohttpd in use. */
const char *http_library_version(void);

#endif
