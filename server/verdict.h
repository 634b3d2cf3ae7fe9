/*
 * What the server would decide about a document: asks the server's own admit() and puts its answer
 * into a form that the offline commands can show.
 */
#ifndef SERVER_VERDICT_H
#define SERVER_VERDICT_H

#include "server/admit.h"
#include "server/manifest.h"

/* What is the same for all documents; the texts and the policy are borrowed. */
struct verdict_question {
    const struct policy *policy;
    const char *restore_profile; /* NULL: none */
    const char *backup_profile;  /* NULL: none */
    size_t body;                 /* largest review, in bytes */
    unsigned depth;              /* deepest nesting of a review */
    int64_t now;                 /* seconds UTC */
};

/* One call of a webhook entry. */
struct verdict_pass {
    enum admit_kind kind;
    const char *profile; /* "" when the entry has none */
    struct trace trace;
};

/* A pod in a namespace with both labels is asked about twice. */
#define VERDICT_PASSES_MAX 2

struct verdict {
    bool allowed;
    char reason[32];
    char *message; /* of a denial; NULL when allowed */
    struct strlist warnings;
    json_t *before; /* the object; null when the request has none */
    json_t *after;  /* the object with the patch */
    json_t *patch;  /* all passes' operations in order; empty when denied */
    json_t *reply;  /* the AdmissionReview that answers; of two passes as if they were one */
    struct verdict_pass passes[VERDICT_PASSES_MAX];
    size_t pass_count;
};

/* Decides about a document: a pod by its backup profile first, then what that gives by its restore
 * profile; a denial ends it. Fails when the server would refuse to read the review, and for a pod
 * without profiles. The caller frees *ret with verdict_done(), also after a failure. */
bool verdict_make(const struct verdict_question *question, const struct manifest *manifest,
                  struct verdict *ret, struct error *err) __attribute__((warn_unused_result));
void verdict_done(struct verdict *verdict);

#endif
