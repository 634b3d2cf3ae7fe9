/* A text from outside, made fit to stand in a message: short, one line, printable. */
#ifndef PATCHES_SHOWN_H
#define PATCHES_SHOWN_H

#include "base/str.h"

struct shown {
    char text[100];
};

/* The text with every control character as '?', cut at a character with "..." behind it when it is
 * longer than 96 bytes. For `error_set(err, "'%s' is ...", shown(text).text)`. */
struct shown shown(struct str text);

#endif
