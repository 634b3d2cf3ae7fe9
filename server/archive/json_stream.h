/*
 * JSON (RFC 8259) as a stream: bytes go in as they come, tokens come out. Memory and depth are
 * bounded, whatever the bytes say: a text longer than JSON_STREAM_TEXT is cut, and marked so.
 * Strict about form; what is inside a text is not checked. Pure.
 */
#ifndef SERVER_ARCHIVE_JSON_STREAM_H
#define SERVER_ARCHIVE_JSON_STREAM_H

#include "base/error.h"
#include "base/str.h"

#define JSON_STREAM_DEPTH 64
#define JSON_STREAM_TEXT 1024

enum json_token_kind {
    JSON_TOKEN_OBJECT,     /* "{" */
    JSON_TOKEN_OBJECT_END, /* "}" */
    JSON_TOKEN_ARRAY,
    JSON_TOKEN_ARRAY_END,
    JSON_TOKEN_KEY,
    JSON_TOKEN_TEXT,
    JSON_TOKEN_NUMBER, /* as it is written */
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
};

struct json_token {
    enum json_token_kind kind;
    unsigned depth;  /* of the container that it is in: 0 for the whole document; of a begin or end
                        that of the container around it */
    struct str text; /* of a key, text or number; borrowed */
    bool cut;        /* the text was longer than it is */
};

typedef void (*json_stream_take)(void *context, const struct json_token *token);

struct json_stream {
    json_stream_take take;
    void *context;
    uint64_t offset; /* bytes read so far */
    unsigned state, after;
    unsigned depth;
    uint64_t arrays;  /* bit of each open container that is an array; the innermost is bit 0 */
    const char *word; /* what is left of true, false, null */
    uint32_t unicode, high; /* of an escape that is being read; a first half of a pair */
    unsigned digits;
    bool cut;
    size_t length;
    char text[JSON_STREAM_TEXT];
};

void json_stream_begin(struct json_stream *json, json_stream_take take, void *context);

/* Takes the next bytes, and calls `take` for each token that ends in them. Fails with what was
 * found, what was expected, and at which byte; then nothing more may be fed. */
bool json_stream_feed(struct json_stream *json, struct str bytes, struct error *err)
    __attribute__((warn_unused_result));

/* There are no more bytes. Fails when the document is not complete. */
bool json_stream_end(struct json_stream *json, struct error *err)
    __attribute__((warn_unused_result));

#endif
