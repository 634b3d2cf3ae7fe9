/*
 * Rules about single HTTP header fields and query arguments, as pure functions: what a request must
 * look like before its body is worth reading.
 */
#ifndef SERVER_HTTP_RULES_H
#define SERVER_HTTP_RULES_H

#include "base/error.h"
#include "base/str.h"

/* How a request says where its body ends; NULL and 0 for fields that are not there. */
struct http_framing {
    const char *content_length;
    size_t content_length_count; /* how often the field was sent */
    const char *transfer_encoding;
    size_t transfer_encoding_count;
};

/* Judges the framing more strictly than RFC 9112 6.3, because every leniency there is a way to
 * smuggle a request: "chunked" alone, never both fields, neither twice, only digits. *ret_length
 * gets the announced length, or UINT64_MAX for a chunked body. */
bool http_framing_check(const struct http_framing *framing, uint64_t *ret_length, struct error *err)
    __attribute__((warn_unused_result));

/* Whether the Content-Type is application/json, with any parameters (RFC 9110 8.3.1). */
bool http_is_json(const char *content_type);

/* Whether the Content-Encoding leaves the body as it is: absent, empty or "identity". */
bool http_is_identity(const char *content_encoding);

/* A duration as Go writes it ("10s", "1m0s", "1.5s", "500ms") in nanoseconds. False when it is
 * malformed, negative, zero or longer than 290 years. */
bool http_go_duration(const char *text, uint64_t *ret_nanos) __attribute__((warn_unused_result));

#endif
