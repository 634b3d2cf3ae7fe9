/*
 * A decision in a few words, for the unit tests of patches/: JSON written with single quotes, a
 * policy, an object and its predecessor in; the decision and its rules out.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include "patches/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FIXTURE_NOW 1795312800 /* 2026-11-22T02:00:00Z */

enum fixture_kind { FIXTURE_POSTGRESQL, FIXTURE_RESTORE, FIXTURE_BACKUP, FIXTURE_CONFIGMAP };

struct fixture {
    json_t *configuration;
    struct policy *policy;
    char *text;
    struct doc *doc;
    struct subject subject;
    struct trace trace;
    struct decision decision;
};

/* The text with double quotes for single ones; the caller frees. */
static inline char *fixture_json(const char *text)
{
    char *json = xstrdup(text);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    return json;
}

/* Reads the policy: an object with database, restoreProfiles, backupProfiles; mistakes of form
 * fail the test. */
static inline void fixture_policy(struct fixture *fixture, const char *policy)
{
    autofree char *json = fixture_json(policy);
    json_error_t error;
    fixture->configuration = json_loads(json, 0, &error);
    if (!fixture->configuration)
        fail_msg("%s in %s", error.text, json);
    struct strlist mistakes = {0};
    fixture->policy = policy_parse(json_object_get(fixture->configuration, "database"),
                                   json_object_get(fixture->configuration, "restoreProfiles"),
                                   json_object_get(fixture->configuration, "backupProfiles"),
                                   FIXTURE_NOW, &mistakes);
    if (!fixture->policy)
        fail_msg("%s", mistakes.items[0]);
    strlist_clear(&mistakes);
}

static inline void fixture_decide(struct fixture *fixture, enum fixture_kind kind,
                                  const char *profile)
{
    const struct policy *policy = fixture->policy;
    struct decision *decision = &fixture->decision;
    decision_init(decision, &fixture->trace);
    switch (kind) {
    case FIXTURE_POSTGRESQL:
        decide_postgresql(policy, &fixture->subject, decision);
        break;
    case FIXTURE_RESTORE:
        decide_restore(policy, profile ? policy_restore(policy, str_of(profile)) : NULL,
                       &fixture->subject, decision);
        break;
    case FIXTURE_BACKUP:
        decide_backup(policy, profile ? policy_backup(policy, str_of(profile)) : NULL,
                      &fixture->subject, decision);
        break;
    case FIXTURE_CONFIGMAP:
        decide_configmap(policy, &fixture->subject, decision);
        break;
    }
}

/* Decides about `object` in namespace "ns"; `old` may be NULL. Free with fixture_close(). */
static inline void fixture_open(struct fixture *fixture, enum fixture_kind kind, const char *policy,
                                const char *profile, enum operation operation, const char *object,
                                const char *old)
{
    *fixture = (struct fixture){0};
    fixture_policy(fixture, policy);
    autofree char *quoted = xasprintf("{'object':%s,'oldObject':%s}", object, old ? old : "null");
    fixture->text = fixture_json(quoted);
    struct error err;
    if (!doc_read(str_of(fixture->text), 64, &fixture->doc, &err))
        fail_msg("%s in %s", err.text, fixture->text);
    struct value root = doc_root(fixture->doc);
    fixture->subject = (struct subject){
        .operation = operation,
        .namespace = STR("ns"),
        .name = value_text(value_at(root, "object.metadata.name")),
        .object = value_get(root, "object"),
        .old_object = value_get(root, "oldObject"),
        .now = FIXTURE_NOW,
    };
    fixture_decide(fixture, kind, profile);
}

static inline void fixture_close(struct fixture *fixture)
{
    decision_done(&fixture->decision);
    trace_clear(&fixture->trace);
    doc_free(fixture->doc);
    free(fixture->text);
    policy_free(fixture->policy);
    json_decref(fixture->configuration);
}

static inline const char *fixture_reason(const struct fixture *fixture)
{
    return reason_name(decision_reason(&fixture->decision));
}

/* The patch with single quotes; the caller frees. */
static inline char *fixture_patch(const struct fixture *fixture)
{
    struct str patch = buf_str(&fixture->decision.patch);
    char *text = xstrndup(patch.data, patch.length);
    for (char *c = text; *c; c++)
        if (*c == '"')
            *c = '\'';
    return text;
}

/* The warnings, one behind another; the caller frees. */
static inline char *fixture_warnings(const struct fixture *fixture)
{
    return strlist_join(&fixture->decision.warnings, " | ");
}

#endif
