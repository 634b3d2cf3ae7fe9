/*
 * A growing text buffer with a hard limit that is given at the start. What would pass the limit is
 * not added: the buffer drops its content and stays failed, so a writer adds freely and asks once
 * at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *data;    /* NUL-terminated once something was added; NULL before */
    size_t length; /* bytes, without the NUL */
    size_t size;   /* bytes allocated */
    size_t limit;  /* largest length */
    bool failed;
};

/* An empty buffer that never holds more than `limit` bytes. Allocates nothing. */
#define BUF(limit) ((struct buf){NULL, 0, 0, limit, false})

void buf_add(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the text as a JSON string (RFC 8259 7) with its quotes: '"', '\' and control characters
 * escaped, everything else as it is. The text must be UTF-8. */
void buf_add_json_string(struct buf *buf, struct str text);

/* Makes room for `count` more bytes and returns where to write them (the caller then adds to
 * `length`), or NULL when that passes the limit. */
char *buf_reserve(struct buf *buf, size_t count);

/* The content as a slice (never absent); valid until the buffer changes. */
struct str buf_str(const struct buf *buf);

/* Hands the NUL-terminated content over (the caller frees) and leaves an empty buffer; NULL when
 * it has failed. */
char *buf_take(struct buf *buf) __attribute__((warn_unused_result));

/* Frees the content and leaves an empty buffer with the same limit. */
void buf_clear(struct buf *buf);

#endif
