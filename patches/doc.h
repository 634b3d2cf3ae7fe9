/*
 * The strict one-pass reader of JSON. It checks the whole text as jansson does with
 * JSON_REJECT_DUPLICATES (RFC 8259: structure, escapes, UTF-8, numbers, depth, no trailing bytes)
 * and remembers where values lie instead of building a tree. The one difference: a NUL byte behind
 * a number or a literal, which jansson loses, is refused. What lies under a member named
 * "managedFields" is checked in the same way but not remembered: it is a third to a half of a
 * review and no decision reads it.
 */
#ifndef PATCHES_DOC_H
#define PATCHES_DOC_H

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

struct doc;

enum value_type {
    VALUE_ABSENT,
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_ARRAY,
    VALUE_OBJECT,
    VALUE_SKIPPED, /* array or object of a "managedFields": only value_raw() knows it */
};

/* A value inside a document, borrowed from it. All functions accept VALUE_NONE and answer as for
 * an absent value. */
struct value {
    const struct doc *doc;
    uint32_t at;
};
#define VALUE_NONE ((struct value){NULL, 0})

/* Largest `depth` that doc_read() accepts, and largest text (bytes). */
#define DOC_DEPTH_MAX 2048
#define DOC_TEXT_MAX (256u * 1024 * 1024)

/* Reads one JSON text whose top is an object or an array, nested at most `depth` levels; the top is
 * on the first, every value one below its container. The text is borrowed: it must stay as it is
 * until doc_free(). On failure: "byte 17: ..." (from 0) with what was found. The caller frees *ret
 * with doc_free(). Takes less than ten bytes of memory for each byte of text. */
bool doc_read(struct str text, unsigned depth, struct doc **ret, struct error *err)
    __attribute__((warn_unused_result));
void doc_free(struct doc *doc);

/* For `cleanup(doc_cleanup) struct doc *doc = NULL;`. */
void doc_cleanup(struct doc **doc);

/* The top value. */
struct value doc_root(const struct doc *doc);

enum value_type value_type(struct value value);

/* Whether there is a value and it is not null: what Kubernetes treats as "set". */
bool value_present(struct value value);

/* The member of an object; absent when it is none or lacks the key. Keys are compared decoded. */
struct value value_get(struct value object, const char *key);
struct value value_get_str(struct value object, struct str key);

/* Members of members: "spec.patroni.pg_hba". No key may hold a dot. */
struct value value_at(struct value object, const char *path);

/* The decoded text of a string; STR_NONE for everything else. Lives as long as the document. */
struct str value_text(struct value value);

/* The bytes of the value in the text that was read. */
struct str value_raw(struct value value);

/* The value of a boolean, else `otherwise`. */
bool value_bool(struct value value, bool otherwise);

/* Walks an array or object: the first element or member value, the next after one, VALUE_NONE at
 * the end. */
struct value value_first(struct value container);
struct value value_next(struct value element);

/* The decoded key of a member value that value_first(), value_next() or value_get() gave. */
struct str value_key(struct value member);

/* Number of elements or members; 0 for everything else. */
size_t value_count(struct value container);

/* Whether both are the same JSON value: member order does not matter, numbers are compared as
 * written, absent equals absent. A skipped value equals one with the same bytes. */
bool value_equal(struct value a, struct value b);

#endif
