/*
 * An ordered list of texts that it owns: warnings, mistakes, names. Bounded: from STRLIST_MAX
 * entries on, more are counted but not kept.
 */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include "base/str.h"

#define STRLIST_MAX 1000

struct strlist {
    char **items;
    size_t count;
    size_t dropped; /* added after the list was full */
};

/* Adds a copy of the text. */
void strlist_add(struct strlist *list, struct str text);
void strlist_addf(struct strlist *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether the list holds the text. */
bool strlist_has(const struct strlist *list, struct str text);

/* The entries with `between` between them; the caller frees. */
char *strlist_join(const struct strlist *list, const char *between)
    __attribute__((warn_unused_result));

/* Frees the entries and leaves an empty list. */
void strlist_clear(struct strlist *list);

#endif
