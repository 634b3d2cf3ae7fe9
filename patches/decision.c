#include "patches/decision.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of one warning and of one refusal. */
#define WARNING_MAX 256
#define REFUSAL_MAX 1024

static const char *const reason_names[] = {
    [REASON_INVALID_CONFIG] = "invalid-config",
    [REASON_UNKNOWN_PROFILE] = "unknown-profile",
    [REASON_NOT_HARBOR] = "not-harbor",
    [REASON_NOT_SPILO] = "not-spilo",
    [REASON_CLUSTER_NOT_IN_PROFILE] = "cluster-not-in-profile",
    [REASON_STANDBY_CLUSTER] = "standby-cluster",
    [REASON_CLONE_ALREADY_CONFIGURED] = "clone-already-configured",
    [REASON_ENV_FROM_OPAQUE] = "env-from-opaque",
    [REASON_INCOMPLETE_PROFILE] = "incomplete-profile",
    [REASON_IMAGE_TOO_OLD] = "image-too-old",
    [REASON_IMAGE_BROKEN] = "image-broken",
    [REASON_RULES_LOCK_OUT] = "rules-lock-out",
    [REASON_LOCALES_UNSET] = "locales-unset",
    [REASON_LOCALES_MISMATCH] = "locales-mismatch",
    [REASON_OWN_ARCHIVE_EQUAL] = "own-archive-equal",
    [REASON_OWN_ARCHIVE_UNPROVEN] = "own-archive-unproven",
    [REASON_IMAGE_UNKNOWN] = "image-unknown",
    [REASON_ENV_PRUNED] = "env-pruned",
    [REASON_CUSTOM_RULES] = "custom-rules",
    [REASON_IMAGE_CHOSEN] = "image-chosen",
    [REASON_IMAGE_LACKS_VERSION] = "image-lacks-version",
    [REASON_LIVE_UNTOUCHED] = "live-untouched",
    [REASON_ALREADY_RIGHT] = "already-right",
    [REASON_REPAIRED] = "repaired",
    [REASON_RESTORE] = "restore",
    [REASON_BACKUP] = "backup",
    [REASON_EXCEPTED] = "excepted",
    [REASON_NOT_CONCERNED] = "not-concerned",
    [REASON_CONFIG_VALID] = "config-valid",
};
_Static_assert(sizeof(reason_names) / sizeof(*reason_names) == REASON_COUNT, "a name for each");

static const char *const state_names[] = {
    [STATE_UNTOUCHED] = "untouched", [STATE_REPAIRED] = "repaired", [STATE_RESTORE] = "restore",
    [STATE_BACKUP] = "backup",       [STATE_DENIED] = "denied",
};

/* What "already right" is called in the audit log, by state. */
static const enum reason settled_reasons[] = {
    [STATE_UNTOUCHED] = REASON_ALREADY_RIGHT, [STATE_REPAIRED] = REASON_REPAIRED,
    [STATE_RESTORE] = REASON_RESTORE,         [STATE_BACKUP] = REASON_BACKUP,
    [STATE_DENIED] = REASON_ALREADY_RIGHT,
};

const char *reason_name(enum reason reason)
{
    return reason_names[reason];
}

const char *state_name(enum state state)
{
    return state_names[state];
}

void decision_init(struct decision *decision, struct trace *trace)
{
    *decision = (struct decision){
        .patch = BUF(DECISION_PATCH_MAX),
        .message = BUF(DECISION_MESSAGE_MAX),
        .image = BUF(1024),
        .trace = trace,
    };
}

void decision_done(struct decision *decision)
{
    buf_clear(&decision->patch);
    buf_clear(&decision->message);
    buf_clear(&decision->image);
    strlist_clear(&decision->warnings);
}

bool decision_allowed(const struct decision *decision)
{
    return decision->state != STATE_DENIED;
}

enum reason decision_reason(const struct decision *decision)
{
    if (!decision->reasons)
        return REASON_NOT_CONCERNED;
    return (enum reason)__builtin_ctzll(decision->reasons);
}

enum reason decision_audit_reason(const struct decision *decision)
{
    enum reason reason = decision_reason(decision);
    return reason == REASON_ALREADY_RIGHT ? settled_reasons[decision->state] : reason;
}

void decision_note(struct decision *decision, enum reason reason)
{
    decision->reasons |= UINT64_C(1) << reason;
}

void decision_warn(struct decision *decision, enum reason reason, const char *format, ...)
{
    decision_note(decision, reason);
    char text[WARNING_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_presentable(text);
    strlist_add(&decision->warnings, str_of(text));
}

void decision_deny(struct decision *decision, enum reason reason, const char *format, ...)
{
    char text[REFUSAL_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_presentable(text);

    /* Only reasons of refusals count from here on. */
    if (decision->state != STATE_DENIED)
        decision->reasons = 0;
    decision->state = STATE_DENIED;
    decision_note(decision, reason);
    buf_clear(&decision->patch);
    decision->operations = 0;
    if (decision->message.length + strlen(text) + 2 > decision->message.limit)
        return;
    if (decision->message.length)
        buf_add_text(&decision->message, "; ");
    buf_add_text(&decision->message, text);
}

void decision_trace(struct decision *decision, const char *rule, bool matched, const char *changes,
                    const char *why, ...)
{
    struct trace *trace = decision->trace;
    if (!trace)
        return;
    char sentence[REFUSAL_MAX + 1];
    va_list args;
    va_start(args, why);
    vsnprintf(sentence, sizeof(sentence), why, args);
    va_end(args);
    str_presentable(sentence);

    trace->rules = xrealloc(trace->rules, (trace->count + 1) * sizeof(*trace->rules));
    trace->rules[trace->count++] = (struct trace_rule){
        .rule = rule,
        .matched = matched,
        .why = xstrdup(sentence),
        .changes = xstrdup(changes ? changes : ""),
    };
}

void trace_clear(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->rules[i].why);
        free(trace->rules[i].changes);
    }
    free(trace->rules);
    *trace = (struct trace){0};
}
