/* JSON as a person reads it: what fits stands on one line, the rest is broken and indented. */
#ifndef TESTS_GOLDEN_READABLE_H
#define TESTS_GOLDEN_READABLE_H

#include "base/buf.h"

#include <jansson.h>

/* Adds the tree and a line end. */
void readable_json(const json_t *tree, struct buf *text);

#endif
