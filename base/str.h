/*
 * Slices of text: a pointer and a length in bytes, borrowed, may hold NUL bytes. And small pure
 * questions about them.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data; /* NULL means absent; an empty text is not NULL */
    size_t length;
};

/* A slice of a literal; of a C string (NULL gives the absent slice). */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
static inline struct str str_of(const char *text)
{
    return text ? (struct str){text, strlen(text)} : STR_NONE;
}

/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).length, (s).data ? (s).data : ""

static inline bool str_equal(struct str a, struct str b)
{
    return a.data && b.data && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return str_equal(a, str_of(text));
}

static inline bool str_starts(struct str text, struct str start)
{
    return text.length >= start.length &&
           (!start.length || str_equal((struct str){text.data, start.length}, start));
}

static inline bool str_ends(struct str text, struct str end)
{
    return text.length >= end.length &&
           (!end.length ||
            str_equal((struct str){text.data + (text.length - end.length), end.length}, end));
}

/* Which comes first, for sorting: the shorter one, else by bytes. As memcmp(). */
static inline int str_compare(struct str a, struct str b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return a.data && b.data && a.length ? memcmp(a.data, b.data, a.length) : 0;
}

/* What is left after the first `count` bytes. */
static inline struct str str_skip(struct str text, size_t count)
{
    return count > text.length ? (struct str){text.data + text.length, 0}
                               : (struct str){text.data + count, text.length - count};
}

/* The place of `part` in `text`, or -1. */
long str_find(struct str text, struct str part);

/* The text without white space (blank, tab, line ends) at both ends. */
struct str str_trim(struct str text);

/* Without the mark that some editors put before UTF-8 (EF BB BF). */
struct str str_without_bom(struct str text);

/* Whether `text` matches `pattern`: '*' stands for any text, also "/"; [..] for one of a set or
 * range of characters; everything else for itself. A '[' without ']' stands for itself. */
bool str_glob(struct str pattern, struct str text);

/* Whether the text is only decimal digits and fits; leaves *ret untouched if not. */
bool str_number(struct str text, uint64_t *ret);

/* Whether the text is a DNS-1123 label (RFC 1123: a-z 0-9 -, at most 63 bytes). */
bool str_is_dns_label(struct str text);

/* Whether a and b hold the same words, however much white space is between and around them. */
bool str_same_words(struct str a, struct str b);

/* Removes an incomplete UTF-8 character from the end of a text that was cut to fit. */
void str_drop_partial(char *text);

/* The same, and each control character (also DEL and U+0080 to U+009F) becomes blanks: a line for a
 * person, and what Kubernetes takes for a warning. The text is UTF-8. */
void str_presentable(char *text);

/* Number of single-character edits that turn a into b (Levenshtein), for "did you mean"; texts
 * over 64 bytes count as unrelated (SIZE_MAX). */
size_t str_distance(struct str a, struct str b);

#endif
