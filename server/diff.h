/*
 * Two versions of an object as a readable difference: lines that look like YAML, "-" and "+" in
 * front of what changes, three lines of context, and over each group of changes the path that it is
 * under ("spec.containers[postgres].env"). For people: not meant to be applied or parsed.
 */
#ifndef SERVER_DIFF_H
#define SERVER_DIFF_H

#include "base/buf.h"

#include <jansson.h>

/* Adds the difference; nothing when there is none. `colour` adds ANSI colours. Control characters
 * of the objects are escaped. Mask the objects first (server/mask.h). */
void diff_write(json_t *before, json_t *after, bool colour, struct buf *text);

#endif
