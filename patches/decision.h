/*
 * What was decided: allowed or not, why, what it changes, what a person should know. The four
 * decisions (patches/postgresql.h, restore.h, backup.h, configmap.h) fill one of these.
 */
#ifndef PATCHES_DECISION_H
#define PATCHES_DECISION_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/strlist.h"

/* Reason codes in the order in which one of several becomes the reason: a contract with whoever
 * reads metrics, logs and audit annotations. docs/decisions.md explains each. */
enum reason {
    REASON_INVALID_CONFIG,
    REASON_UNKNOWN_PROFILE,
    REASON_NOT_HARBOR,
    REASON_NOT_SPILO,
    REASON_CLUSTER_NOT_IN_PROFILE,
    REASON_STANDBY_CLUSTER,
    REASON_CLONE_ALREADY_CONFIGURED,
    REASON_ENV_FROM_OPAQUE,
    REASON_INCOMPLETE_PROFILE,
    REASON_IMAGE_TOO_OLD,
    REASON_IMAGE_BROKEN,
    REASON_RULES_LOCK_OUT,
    REASON_LOCALES_UNSET,
    REASON_LOCALES_MISMATCH,
    REASON_OWN_ARCHIVE_EQUAL,
    REASON_OWN_ARCHIVE_UNPROVEN,
    REASON_IMAGE_UNKNOWN,
    REASON_ENV_PRUNED,
    REASON_CUSTOM_RULES,
    REASON_IMAGE_CHOSEN,
    REASON_IMAGE_LACKS_VERSION,
    REASON_LIVE_UNTOUCHED,
    REASON_ALREADY_RIGHT,
    REASON_REPAIRED,
    REASON_RESTORE,
    REASON_BACKUP,
    REASON_EXCEPTED,      /* the profile's `except` names the cluster */
    REASON_NOT_CONCERNED, /* an operation, subresource or object that nothing is decided about */
    REASON_CONFIG_VALID,  /* a restore ConfigMap without mistakes */
    REASON_COUNT,
};

/* The code as it is written everywhere: "rules-lock-out". */
const char *reason_name(enum reason reason);

/* The resulting state, for audit annotations and metrics: equal when the API server calls twice. */
enum state {
    STATE_UNTOUCHED,
    STATE_REPAIRED,
    STATE_RESTORE,
    STATE_BACKUP,
    STATE_DENIED,
};
const char *state_name(enum state state);

/* One rule as `explain` shows it. */
struct trace_rule {
    const char *rule; /* a stable short name: "image" */
    bool matched;
    char *why;     /* a sentence */
    char *changes; /* what it changes, "" for nothing */
};

struct trace {
    struct trace_rule *rules;
    size_t count;
};

/* Largest JSON Patch text (bytes) and message (bytes) of one decision. */
#define DECISION_PATCH_MAX (4u * 1024 * 1024)
#define DECISION_MESSAGE_MAX 4096

struct decision {
    enum state state;
    uint64_t reasons;   /* bit (1 << enum reason) of each that applies */
    struct buf patch;   /* a JSON array (RFC 6902); empty when nothing changes */
    size_t operations;  /* in the patch */
    struct buf message; /* for denials: every refusal with its way out */
    struct strlist
        warnings;        /* each at most 256 bytes, no control characters, no values of secrets */
    struct str profile;  /* borrowed; STR_NONE when none is involved */
    struct buf image;    /* the image in the result; empty when none is known */
    struct trace *trace; /* borrowed; NULL when nobody asks */
};

/* An empty decision: allowed, untouched. `trace` may be NULL. Free with decision_done(). */
void decision_init(struct decision *decision, struct trace *trace);
void decision_done(struct decision *decision);

bool decision_allowed(const struct decision *decision);

/* The first reason that applies, in the order of the list. */
enum reason decision_reason(const struct decision *decision);

/* The reason for the audit annotation: as decision_reason(), but "already right" is told as what
 * the state is, so that a second call for the same request says the same. */
enum reason decision_audit_reason(const struct decision *decision);

/* Notes that a reason applies. */
void decision_note(struct decision *decision, enum reason reason);

/* Adds a warning and notes its reason. Control characters become blanks; over 256 bytes it is cut
 * at a character. */
void decision_warn(struct decision *decision, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses: the state is denied from here on, no patch. The message says what was found and the way
 * out; several are joined by "; ". */
void decision_deny(struct decision *decision, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tells `explain` about a rule; does nothing without a trace. `changes` may be NULL. */
void decision_trace(struct decision *decision, const char *rule, bool matched, const char *changes,
                    const char *why, ...) __attribute__((format(printf, 5, 6)));

void trace_clear(struct trace *trace);

#endif
