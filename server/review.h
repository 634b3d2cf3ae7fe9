/*
 * AdmissionReview (admission.k8s.io v1 and v1beta1): the request taken apart, the answer put
 * together. Reader and writer of one message in one file.
 */
#ifndef SERVER_REVIEW_H
#define SERVER_REVIEW_H

#include "patches/decision.h"
#include "patches/subject.h"

/* Borrowed from the document that was read. */
struct review {
    struct str api_version; /* echoed in the answer */
    struct value uid;
    struct str group; /* request.kind */
    struct str kind;
    struct str operation;
    bool dry_run;
    struct subject subject;
};

/* Takes the review apart. Fails with what is missing or wrong: "request.uid is missing". `now` is
 * seconds UTC. */
bool review_decode(const struct doc *doc, int64_t now, struct review *ret, struct error *err)
    __attribute__((warn_unused_result));

/* Adds the answer. */
void review_encode(const struct review *review, const struct decision *decision, struct buf *reply);

#endif
