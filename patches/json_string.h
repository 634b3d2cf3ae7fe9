/*
 * Strings of a JSON text (RFC 8259 7): checked, and decoded where they hold escapes. One pass, made
 * for the reader of documents; see doc.h for everything else.
 */
#ifndef PATCHES_JSON_STRING_H
#define PATCHES_JSON_STRING_H

#include "base/str.h"

/* What is wrong with a string, and where; `what` is static. */
struct json_fault {
    const char *at;
    const char *what;
};

/* Reads the string whose opening quote is just before `at`; the text ends at `end`. Returns the
 * place behind the closing quote and in *ret the decoded content: the bytes of the text themselves,
 * or, when there are escapes, a NUL-terminated copy at *arena, which moves behind it. The copy
 * never takes more bytes than the string with its quotes. NULL with *fault on failure: control
 * characters, unknown escapes, unpaired surrogates, \u0000, what is not UTF-8 (RFC 3629), no
 * closing quote. */
const char *json_string_read(const char *at, const char *end, char **arena, struct str *ret,
                             struct json_fault *fault);

#endif
