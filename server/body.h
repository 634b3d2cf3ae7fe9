/*
 * The body of one request as it arrives, and the account of what all bodies together hold. Memory
 * is accounted before it is allocated and as bytes arrive, never for what a client merely
 * announces: a slow client with a large announcement holds little.
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "base/str.h"

#include <stdatomic.h>

/* Shared by all requests. */
struct body_account {
    atomic_size_t used; /* bytes */
    atomic_size_t limit;
};

enum body_state {
    BODY_FINE,
    BODY_TOO_LARGE, /* more arrived than one body may have */
    BODY_NO_ROOM,   /* the account was full */
};

struct body {
    struct body_account *account; /* borrowed */
    uint64_t announced;           /* UINT64_MAX: unknown */
    uint64_t limit;               /* largest body, in bytes */
    uint64_t seen;                /* bytes that arrived, kept or not */
    char *data;
    size_t length;
    size_t size; /* allocated and accounted */
    enum body_state state;
};

/* Takes the next bytes. Once the state is not BODY_FINE, nothing is kept and the memory is given
 * back; bytes are only counted. */
void body_add(struct body *body, struct str bytes);

/* Gives the memory and its share of the account back. */
void body_clear(struct body *body);

#endif
