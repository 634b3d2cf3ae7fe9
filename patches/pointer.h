/* JSON Pointers (RFC 6901): written token by token, and taken apart again. */
#ifndef PATCHES_POINTER_H
#define PATCHES_POINTER_H

#include "base/buf.h"
#include "base/error.h"

/* Adds "/" and the token, "~" as "~0" and "/" as "~1" (RFC 6901 3). */
void pointer_add(struct buf *pointer, struct str token);
void pointer_add_index(struct buf *pointer, size_t index);

/* Takes the first token off *pointer and adds it, decoded, to `ret` (cleared first). Returns false
 * without an error text when the pointer is empty; fails when it does not start with "/" or holds
 * a "~" that is not followed by 0 or 1: then *err is set and *pointer is STR_NONE. */
bool pointer_next(struct str *pointer, struct buf *ret, struct error *err);

#endif
