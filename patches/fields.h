/*
 * Reads a mapping of the configuration into a struct by a table: one row a key. Unknown keys and
 * wrong types are mistakes with their path; the defaults and the reference page come from the same
 * rows.
 */
#ifndef PATCHES_FIELDS_H
#define PATCHES_FIELDS_H

#include "base/buf.h"
#include "base/strlist.h"

#include <jansson.h>

/* What a key holds, and the member at `offset` that receives it. A value of null counts as an
 * absent key. */
enum field_kind {
    FIELD_TEXT,     /* char *; NULL when absent and without a default */
    FIELD_WORD,     /* char *; as FIELD_TEXT, a whole number is taken as its text */
    FIELD_BOOLEAN,  /* bool */
    FIELD_NUMBER,   /* uint64_t */
    FIELD_SIZE,     /* uint64_t: bytes, written with a unit */
    FIELD_DURATION, /* uint64_t: milliseconds, written with a unit */
    FIELD_CHOICE,   /* unsigned: the place in `choices` */
    FIELD_LIST,     /* struct strlist of texts */
    FIELD_SECTION,  /* a struct that `fields` describes */
    FIELD_TREE,     /* const json_t *: borrowed, NULL when absent; the caller reads it */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    const char *fallback;       /* the default as written; of a list: its lines; NULL for none */
    const char *meaning;        /* one phrase for the reference page */
    uint64_t min, max;          /* of a number, size or duration */
    const char *const *choices; /* NULL-terminated */
    const struct field *fields; /* of a section; of a tree: what its mapping may hold */
};

/* Longest text value, in bytes. */
#define FIELD_TEXT_MAX 8192

/* Fills `target` from the mapping (NULL or null: the defaults alone). `fields` ends with a row
 * without a name. Adds one text for every mistake, each with its path below `path` ("" for the
 * top); a mistaken key keeps its default. No message shows a text value but one that is not in its
 * range or set. Free what was read with fields_done(). */
void fields_read(const struct field *fields, const json_t *tree, const char *path, void *target,
                 struct strlist *mistakes);
void fields_done(const struct field *fields, void *target);

/* The tree as jansson's iterators want it: they read only, but take no const. */
static inline json_t *field_iterable(const json_t *tree)
{
    return (json_t *)(uintptr_t)tree;
}

/* "a.b", or "b" when `path` is empty; the caller frees. */
char *field_path(const char *path, const char *name) __attribute__((warn_unused_result));

/* Whether a text value can be passed on: not too long, no control characters, no "$(", which the
 * kubelet would expand. If not, adds a mistake without the value. */
bool field_text_valid(struct str text, const char *path, struct strlist *mistakes);

/* The kind of a value, for messages that do not show it: "text", "a number", "a list". */
const char *field_type_name(const json_t *value);

/* Adds the range of a number, size or duration: "1KiB to 64MiB". */
void field_add_range(const struct field *field, struct buf *text);

/* The known name that is nearest to `name`; NULL when none is near. */
const char *field_nearest(const struct field *fields, struct str name);

#endif
