/* Applies a JSON Patch (RFC 6902) to a jansson tree, for the offline command and the tests. */
#ifndef PATCHES_APPLY_H
#define PATCHES_APPLY_H

#include "base/error.h"

#include <jansson.h>

/* Applies add, remove, replace, move, copy and test in order. *document may be replaced (a patch of
 * the whole document); on failure it is in an unspecified but valid state and *err says
 * "operation 3: /spec/env/7: ...". `patch` is an array. */
bool patch_apply(json_t **document, const json_t *patch, struct error *err)
    __attribute__((warn_unused_result));

#endif
