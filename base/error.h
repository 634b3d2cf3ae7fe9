/*
 * An error is a value on the caller's stack: one line of text that names the place, what was found
 * and what was expected. Functions that can fail return bool, take `struct error *err` last, and
 * leave their outputs untouched on failure. `err` is never NULL.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

/* One line, lower-case, no full stop. Longer text is cut. */
struct error {
    char text[512];
};

/* Sets the text and yields false, so that raising is `return error_set(err, "...")`. */
#define error_set(err, ...) (error_set_(err, __VA_ARGS__), false)

/* Puts "context: " in front of the text that is there and yields false. */
#define error_wrap(err, ...) (error_wrap_(err, __VA_ARGS__), false)

/* The functions behind the macros. gcc has to see the constant false, or it warns about outputs
 * that are never read. */
void error_set_(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_wrap_(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text for an errno value, thread-safe; `text` receives it and is returned. */
const char *error_errno(int code, char *text, unsigned long size);

#endif
