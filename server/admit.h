/*
 * The admission path: the bytes of an AdmissionReview in, the bytes of the answer out. Pure but for
 * memory: the HTTP server, the offline command, the golden tests and the fuzzer all call this.
 */
#ifndef SERVER_ADMIT_H
#define SERVER_ADMIT_H

#include "base/buf.h"
#include "patches/decide.h"

/* What a path of the server decides about. */
enum admit_kind {
    ADMIT_POSTGRESQL, /* /v1/postgresqls */
    ADMIT_RESTORE,    /* /v1/pods/restore/<profile> */
    ADMIT_BACKUP,     /* /v1/pods/backup/<profile> */
    ADMIT_CONFIGMAP,  /* /v1/configmaps */
};

struct admit_target {
    enum admit_kind kind;
    struct str profile;  /* of a pod path; "unlisted" is the catch-all */
    struct trace *trace; /* borrowed: receives the rules for `explain`; NULL when nobody asks */
};

/* Largest answer, in bytes. */
#define ADMIT_REPLY_MAX (8u * 1024 * 1024)

/* What happened, for the log line and the metrics: short texts, no values of the object but its
 * name. Cut to fit. */
struct admit_summary {
    char uid[64];
    char operation[8];
    char namespace[64];
    char name[254];
    char state[16]; /* decision of the metrics: repaired, restore, backup, untouched, denied */
    char reason[32];
    char profile[64]; /* "" when none */
    bool dry_run;
    size_t operations; /* of the patch */
    size_t warnings;
};

struct admit_result {
    unsigned status;  /* HTTP: 200, or 400, 404, 413, 422 ... with a text */
    struct buf reply; /* status 200: JSON; otherwise one line of text for a person */
    bool decided;     /* whether `summary` tells of a decision */
    struct admit_summary summary;
};

/* Decides about the review in `body`. `depth` bounds its nesting; `now` is seconds UTC. The caller
 * frees with admit_result_done(). */
void admit(const struct policy *policy, struct admit_target target, struct str body, unsigned depth,
           int64_t now, struct admit_result *ret);
void admit_result_done(struct admit_result *result);

/* "postgresql", "restore", "backup", "configmap": the label `kind` of the metrics. */
const char *admit_kind_name(enum admit_kind kind);

#endif
