/*
 * Writes a JSON Patch (RFC 6902) as text, operation by operation. Only operations that the API
 * server's library cannot fail on for the document that was read: `add` with an existing parent,
 * `replace` of what is there, `remove` by index from high to low and last.
 */
#ifndef PATCHES_PATCH_H
#define PATCHES_PATCH_H

#include "base/buf.h"

/* A patch under construction: `text` is "[op,op" until patch_close() adds "]". */
struct patch {
    struct buf *text;
    size_t operations;
};

/* Starts writing into `text`, which must be empty. */
void patch_open(struct patch *patch, struct buf *text);

/* Adds an operation. `path` is a JSON Pointer (RFC 6901) whose tokens are already escaped (see
 * pointer.h); `value` is JSON text, or empty when it did not fit: then the whole patch fails. */
void patch_add(struct patch *patch, struct str path, struct str value);
void patch_replace(struct patch *patch, struct str path, struct str value);
void patch_remove(struct patch *patch, struct str path);

/* Ends the array; with no operation the text stays empty. */
void patch_close(struct patch *patch);

#endif
