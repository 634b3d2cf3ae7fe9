/*
 * What comes of an object that passes by the webhook: the answer to its review, the object after
 * the patch, and the properties that hold for every review there is.
 */
#ifndef TESTS_SUPPORT_OUTCOME_H
#define TESTS_SUPPORT_OUTCOME_H

#include "server/admit.h"
#include "tests/support/answer.h"

struct outcome {
    struct admit_result result; /* status, text, reason */
    struct answer answer;       /* status 200 only */
    json_t *object;             /* after the patch; NULL without an object or an answer */
};

/* The target of a path of the server: "/v1/pods/restore/dr". */
bool target_of_path(const char *path, struct admit_target *ret, struct error *err)
    __attribute__((warn_unused_result));

/* Asks about the review as it stands and applies the patch. `flags` are json_dumps()'s: the same
 * review can be written in many ways. Free with outcome_done(). */
bool outcome_ask(const struct policy *policy, const char *path, const json_t *review, size_t flags,
                 int64_t now, struct outcome *ret, struct error *err)
    __attribute__((warn_unused_result));
void outcome_done(struct outcome *outcome);

/* Whether the properties hold: only what is ours was changed, everything else kept its order and
 * text, and the same request over the patched object gives no patch and the same audit annotations
 * (the API server may call twice). */
bool outcome_holds(const struct policy *policy, const char *path, const json_t *review, int64_t now,
                   const struct outcome *outcome, struct error *err)
    __attribute__((warn_unused_result));

/* Appends a line for the oracle (tests/oracle) to the file; `file` may be NULL. */
void outcome_write(FILE *file, const char *name, const json_t *review,
                   const struct outcome *outcome);

/* The container that spilo runs in; NULL when the pod has none. Borrowed. */
json_t *pod_container(const json_t *pod);

#endif
