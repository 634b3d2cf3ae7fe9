/*
 * A case of the golden tests: a folder with
 *
 *   case.json      what is asked (README.md of this folder has the members)
 *   expected.json  the decision
 *   object.json    the object after the patch, without managedFields; only when it changes
 */
#ifndef TESTS_GOLDEN_CASE_H
#define TESTS_GOLDEN_CASE_H

#include "base/error.h"

#include <jansson.h>

struct golden_case {
    char *name;
    char *folder;
    json_t *settings; /* case.json */
    json_t *review;   /* the base with the changes of the case */
    const char *path;
    const char *config;
    int64_t now;
};

/* Reads a case from `root`/tests/golden/`name`. Free with case_done(). */
bool case_read(const char *root, const char *name, struct golden_case *ret, struct error *err)
    __attribute__((warn_unused_result));
void case_done(struct golden_case *golden);

#endif
