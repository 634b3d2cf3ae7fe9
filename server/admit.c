#include "server/admit.h"

#include "server/review.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of a text with the line end that HTTP adds. */
#define ERROR_TEXT_MAX 511

/* What each kind of path decides about: `group` and `kind` of the objects. */
static const struct {
    const char *name;
    const char *group;
    const char *kind;
} kinds[] = {
    [ADMIT_POSTGRESQL] = {"postgresql", "acid.zalan.do", "postgresql"},
    [ADMIT_RESTORE] = {"restore", "", "Pod"},
    [ADMIT_BACKUP] = {"backup", "", "Pod"},
    [ADMIT_CONFIGMAP] = {"configmap", "", "ConfigMap"},
};

const char *admit_kind_name(enum admit_kind kind)
{
    return kinds[kind].name;
}

/* Answers with one line of text instead of a decision. */
static void refuse(struct admit_result *result, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct admit_result *result, unsigned status, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_presentable(text);
    result->status = status;
    result->decided = false;
    buf_clear(&result->reply);
    buf_add_text(&result->reply, text);
}

/* Copies what fits; what would break a line of a log does not. */
static void copy(char *to, size_t size, struct str text)
{
    size_t length = text.length < size ? text.length : size - 1;
    if (length)
        memcpy(to, text.data, length);
    to[length] = '\0';
    str_presentable(to);
}

static void summarise(const struct review *review, const struct decision *decision,
                      struct admit_summary *ret)
{
    const struct subject *subject = &review->subject;
    copy(ret->uid, sizeof(ret->uid), value_text(review->uid));
    copy(ret->operation, sizeof(ret->operation), review->operation);
    copy(ret->namespace, sizeof(ret->namespace), subject->namespace);
    copy(ret->name, sizeof(ret->name),
         subject->name.length ? subject->name
                              : value_text(value_at(subject->object, "metadata.generateName")));
    copy(ret->state, sizeof(ret->state), str_of(state_name(decision->state)));
    copy(ret->reason, sizeof(ret->reason), str_of(reason_name(decision_reason(decision))));
    copy(ret->profile, sizeof(ret->profile), decision->profile);
    ret->dry_run = review->dry_run;
    ret->operations = decision->operations;
    ret->warnings = decision->warnings.count;
}

/* The profile that a path names. `ret` is NULL for the catch-all; false when there is none. */
static bool find_profile(const struct policy *policy, const struct admit_target *target,
                         const struct restore_profile **ret_restore,
                         const struct backup_profile **ret_backup, struct admit_result *result)
{
    bool restore = target->kind == ADMIT_RESTORE;
    if ((!restore && target->kind != ADMIT_BACKUP) ||
        str_is(target->profile, POLICY_PROFILE_UNLISTED))
        return true;
    *ret_restore = restore ? policy_restore(policy, target->profile) : NULL;
    *ret_backup = restore ? NULL : policy_backup(policy, target->profile);
    if (*ret_restore || *ret_backup)
        return true;
    autofree char *names = restore ? policy_restore_names(policy) : policy_backup_names(policy);
    refuse(result, 404, "there is no %s profile '%.*s'; there are: %s", kinds[target->kind].name,
           STR_ARG(target->profile), names);
    return false;
}

static void decide(const struct policy *policy, enum admit_kind kind,
                   const struct restore_profile *restore, const struct backup_profile *backup,
                   const struct subject *subject, struct decision *decision)
{
    switch (kind) {
    case ADMIT_POSTGRESQL:
        decide_postgresql(policy, subject, decision);
        break;
    case ADMIT_RESTORE:
        decide_restore(policy, restore, subject, decision);
        break;
    case ADMIT_BACKUP:
        decide_backup(policy, backup, subject, decision);
        break;
    case ADMIT_CONFIGMAP:
        decide_configmap(policy, subject, decision);
        break;
    }
}

static void answer(const struct review *review, const struct decision *decision,
                   struct admit_result *ret)
{
    summarise(review, decision, &ret->summary);
    review_encode(review, decision, &ret->reply);
    ret->status = 200;
    ret->decided = true;
    /* An answer without its patch would be an empty database: no answer is better. */
    if (decision->patch.failed || ret->reply.failed)
        refuse(ret, 500, "the patch for this object would be larger than %u bytes",
               DECISION_PATCH_MAX);
}

static bool is_expected(const struct review *review, enum admit_kind kind)
{
    struct str group = review->group.data ? review->group : STR("");
    return str_is(review->kind, kinds[kind].kind) && str_is(group, kinds[kind].group);
}

void admit(const struct policy *policy, struct admit_target target, struct str body, unsigned depth,
           int64_t now, struct admit_result *ret)
{
    *ret = (struct admit_result){.reply = BUF(ADMIT_REPLY_MAX)};
    const struct restore_profile *restore = NULL;
    const struct backup_profile *backup = NULL;
    if (!find_profile(policy, &target, &restore, &backup, ret))
        return;

    struct error err;
    cleanup(doc_cleanup) struct doc *doc = NULL;
    if (!doc_read(body, depth, &doc, &err)) {
        refuse(ret, 400, "the body is not JSON: %s", err.text);
        return;
    }
    struct review review;
    if (!review_decode(doc, now, &review, &err)) {
        refuse(ret, 400, "the body is not an AdmissionReview: %s", err.text);
        return;
    }
    if (!is_expected(&review, target.kind)) {
        refuse(ret, 400, "request.kind is '%.*s%s%.*s', but this path decides about '%s%s%s'",
               STR_ARG(review.group), review.group.length ? "/" : "", STR_ARG(review.kind),
               kinds[target.kind].group, kinds[target.kind].group[0] ? "/" : "",
               kinds[target.kind].kind);
        return;
    }
    struct decision decision;
    decision_init(&decision, target.trace);
    decide(policy, target.kind, restore, backup, &review.subject, &decision);
    answer(&review, &decision, ret);
    decision_done(&decision);
}

void admit_result_done(struct admit_result *result)
{
    buf_clear(&result->reply);
}
