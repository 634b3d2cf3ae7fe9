/*
 * The answer to an AdmissionReview, read as strictly as the API server and its users do: what it
 * would refuse, drop or cut is an error here.
 */
#ifndef TESTS_SUPPORT_ANSWER_H
#define TESTS_SUPPORT_ANSWER_H

#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

struct answer {
    json_t *root;
    json_t *patch; /* the decoded operations; NULL when nothing changes */
    bool allowed;
    const char *message; /* of a denial; NULL when allowed */
    json_t *warnings;    /* an array or NULL, borrowed from root, as the next one */
    json_t *annotations; /* an object or NULL */
};

/* Reads the reply to `review`. Fails when the API server would not take it as it is meant. Free
 * with answer_done(). */
bool answer_read(struct str reply, const json_t *review, struct answer *ret, struct error *err)
    __attribute__((warn_unused_result));
void answer_done(struct answer *answer);

#endif
