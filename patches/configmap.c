#include "patches/decide.h"
#include "patches/s3_place.h"
#include "patches/target_time.h"
#include "patches/variables.h"

/* The keys that pods of profile `enabled` refer to. */
struct key_rule {
    const char *name;
    bool required;
    bool may_be_empty;
    bool (*valid)(struct str value, struct error *err);
};

static bool time_valid(struct str value, struct error *err)
{
    int64_t seconds;
    return target_time_parse(value, &seconds, err);
}

static const struct key_rule rules[] = {
    {"CLONE_SCOPE", true, false, s3_scope_valid},
    {"CLONE_WAL_S3_BUCKET", true, false, s3_bucket_valid},
    {"CLONE_WAL_BUCKET_SCOPE_SUFFIX", true, true, s3_suffix_valid},
    {"CLONE_AWS_REGION", true, false, s3_region_valid},
    {"CLONE_WAL_BUCKET_SCOPE_PREFIX", false, true, s3_scope_prefix_valid},
    {"CLONE_TARGET_TIME", false, false, time_valid},
    {"CLONE_TARGET_TIMELINE", false, false, s3_timeline_valid},
};
#define RULE_COUNT (sizeof(rules) / sizeof(*rules))

/* Keys that would change what is restored but that no pod refers to: refused, with where they
 * belong. */
static const struct {
    const char *name;
    const char *way_out;
} misplaced[] = {
    {"CLONE_AWS_ENDPOINT", "a store with an endpoint needs a literal profile (s3.endpoint)"},
    {"CLONE_WALE_S3_ENDPOINT", "a store with an endpoint needs a literal profile (s3.endpoint)"},
    {"CLONE_WALG_S3_PREFIX", "a whole prefix needs a literal profile (s3.prefix)"},
    {"CLONE_WALE_S3_PREFIX", "a whole prefix needs a literal profile (s3.prefix)"},
    {"CLONE_AWS_ROLE_ARN", "a role needs a literal profile (credentials.workloadIdentity)"},
    {"CLONE_AWS_WEB_IDENTITY_TOKEN_FILE",
     "a role needs a literal profile (credentials.workloadIdentity)"},
};

/* Keys of the runbook that the webhook sets itself, and the value it gives them (NULL: any). */
static const struct {
    const char *name;
    const char *value;
} set_by_us[] = {
    {"CLONE_METHOD", "CLONE_WITH_WALE"},
    {"CLONE_WITH_WALE", "true"},
    {"CLONE_HOST", NULL},
    {"CLONE_USER", NULL},
    {"CLONE_PORT", NULL},
    {"CLONE_TARGET_INCLUSIVE", "true"},
    {"CLONE_USE_WALG_RESTORE", "true"},
    {"USE_WALG_RESTORE", "true"},
};

static bool is_restore_configmap(const struct subject *subject)
{
    struct str name = value_text(value_at(subject->object, "metadata.name"));
    return str_is(name, POLICY_CONFIG_NAME) || str_is(subject->name, POLICY_CONFIG_NAME) ||
           str_is(object_label(subject->object, POLICY_CONFIG_LABEL), "restore");
}

static void check_rule(const struct key_rule *rule, struct value data, struct decision *decision)
{
    struct str text = value_text(value_get(data, rule->name));
    struct error err;
    if (!text.data && !rule->required)
        return;
    if (!text.data)
        decision_deny(decision, REASON_INCOMPLETE_PROFILE, "data.%s is missing%s", rule->name,
                      rule->may_be_empty ? " (\"\" states the layout without uid)" : "");
    else if (!text.length && !rule->may_be_empty)
        decision_deny(decision, REASON_INCOMPLETE_PROFILE, "data.%s is empty%s", rule->name,
                      rule->required ? "" : ": leave the key out instead");
    else if (text.length && !rule->valid(text, &err))
        decision_deny(decision, REASON_INVALID_CONFIG, "data.%s: %s", rule->name, err.text);
}

static void check_time(struct value data, int64_t now, struct decision *decision)
{
    struct error unused;
    int64_t seconds;
    struct str text = value_text(value_get(data, "CLONE_TARGET_TIME"));
    if (text.length && target_time_parse(text, &seconds, &unused) && seconds > now)
        decision_deny(decision, REASON_INVALID_CONFIG,
                      "data.CLONE_TARGET_TIME: '%.*s' is in the future: give a time that the "
                      "archive has reached, or leave the key out for the latest",
                      STR_ARG(text));
}

static void check_generation(const struct policy *policy, struct value data,
                             struct decision *decision)
{
    struct str suffix = value_text(value_get(data, "CLONE_WAL_BUCKET_SCOPE_SUFFIX"));
    for (size_t i = 0; suffix.length && i < policy->backup_count; i++)
        if (policy->backups[i].suffix && str_is(suffix, policy->backups[i].suffix))
            decision_deny(decision, REASON_INVALID_CONFIG,
                          "data.CLONE_WAL_BUCKET_SCOPE_SUFFIX: '%.*s' is where backup profile '%s' "
                          "archives to, so the new cluster could destroy its source: first give "
                          "that profile the next generation",
                          STR_ARG(suffix), policy->backups[i].name);
}

/* The path that a new cluster of this namespace archives to when only its pods name a bucket:
 * <namespace>-postgresql-<namespace>-<HarborCluster>. */
static void check_default_path(const struct subject *subject, struct value data,
                               struct decision *decision)
{
    struct str parts[] = {value_text(value_get(data, "CLONE_WAL_BUCKET_SCOPE_PREFIX")),
                          value_text(value_get(data, "CLONE_SCOPE")),
                          value_text(value_get(data, "CLONE_WAL_BUCKET_SCOPE_SUFFIX"))};
    struct buf path = BUF(4096);
    struct buf own = BUF(4096);
    for (size_t i = 0; i < 3; i++)
        buf_add(&path, parts[i]);
    buf_addf(&own, "%.*s-postgresql-%.*s-", STR_ARG(subject->namespace),
             STR_ARG(subject->namespace));
    if (str_starts(buf_str(&path), buf_str(&own)) && str_find(buf_str(&path), STR("/")) < 0)
        decision_warn(decision, REASON_CONFIG_VALID,
                      "'%.*s' is also the default path of this namespace's own archive: a cluster "
                      "of the same name must archive elsewhere (label harbor-pg-webhook/backup)",
                      STR_ARG(buf_str(&path)));
    buf_clear(&path);
    buf_clear(&own);
}

/* Whether the key is one that is refused wherever it stands here. Spilo takes every non-empty text
 * for an inclusive target. */
static bool deny_misplaced(struct str key, struct str value, struct decision *decision)
{
    if (str_is(key, "CLONE_TARGET_INCLUSIVE") && !str_is(value, "true")) {
        decision_deny(decision, REASON_INVALID_CONFIG,
                      "data.CLONE_TARGET_INCLUSIVE has no effect here: an exclusive target needs a "
                      "literal profile (target.inclusive)");
        return true;
    }
    for (size_t i = 0; i < sizeof(misplaced) / sizeof(*misplaced); i++) {
        if (!str_is(key, misplaced[i].name))
            continue;
        decision_deny(decision, REASON_INVALID_CONFIG, "data.%s has no effect here: %s",
                      misplaced[i].name, misplaced[i].way_out);
        return true;
    }
    if (!variable_is_secret(key))
        return false;
    decision_deny(decision, REASON_INVALID_CONFIG,
                  "data.%.*s is a secret: it belongs in Secret '" POLICY_CONFIG_NAME "'",
                  STR_ARG(key));
    return true;
}

/* Whether the webhook sets the key itself; warns when it is meant to be something else. */
static bool is_set_by_us(struct str key, struct str value, struct decision *decision)
{
    for (size_t i = 0; i < sizeof(set_by_us) / sizeof(*set_by_us); i++) {
        if (!str_is(key, set_by_us[i].name))
            continue;
        const char *ours = set_by_us[i].value;
        if (ours && !str_is(value, ours))
            decision_warn(decision, REASON_CONFIG_VALID, "data.%s has no effect: it is always '%s'",
                          set_by_us[i].name, ours);
        return true;
    }
    return false;
}

static bool is_read(struct str key)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (str_is(key, rules[i].name))
            return true;
    return false;
}

static void warn_ignored(struct str key, struct decision *decision)
{
    if (str_is(key, "USEWALG_RESTORE")) {
        decision_warn(decision, REASON_CONFIG_VALID,
                      "data.USEWALG_RESTORE is a spelling that nobody reads: USE_WALG_RESTORE is "
                      "set anyway");
        return;
    }
    if (variable_find(key)) {
        decision_warn(decision, REASON_CONFIG_VALID,
                      "data.%.*s has no effect here: it needs a literal profile (env)",
                      STR_ARG(key));
        return;
    }
    autofree char *nearest = variable_nearest(key, true);
    decision_warn(decision, REASON_CONFIG_VALID,
                  "data.%.*s is a name that spilo does not read%s%s%s", STR_ARG(key),
                  nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'" : "");
}

static void check_other_keys(struct value data, struct decision *decision)
{
    if (value_type(data) != VALUE_OBJECT)
        return;
    struct value member = value_first(data);
    for (; value_type(member) != VALUE_ABSENT; member = value_next(member)) {
        struct str key = value_key(member);
        struct str value = value_text(member);
        if (!is_read(key) && !deny_misplaced(key, value, decision) &&
            !is_set_by_us(key, value, decision))
            warn_ignored(key, decision);
    }
}

/* Why nothing is decided about this request, or NULL. */
static const char *not_concerned(const struct subject *subject)
{
    if (subject->operation != OPERATION_CREATE && subject->operation != OPERATION_UPDATE)
        return "only creation and updates are checked";
    if (subject->sub_resource.length)
        return "a subresource is not the ConfigMap";
    if (value_present(value_at(subject->object, "metadata.deletionTimestamp")))
        return "the ConfigMap is being deleted";
    if (!is_restore_configmap(subject))
        return "neither its name nor its label is a restore ConfigMap's";
    return NULL;
}

void decide_configmap(const struct policy *policy, const struct subject *subject,
                      struct decision *decision)
{
    const char *why = not_concerned(subject);
    decision_trace(decision, "concerned", !why, NULL, "%s", why ? why : "a restore ConfigMap");
    if (why) {
        decision_note(decision, REASON_NOT_CONCERNED);
        return;
    }
    struct value data = value_get(subject->object, "data");
    for (size_t i = 0; i < RULE_COUNT; i++)
        check_rule(&rules[i], data, decision);
    check_time(data, subject->now, decision);
    check_generation(policy, data, decision);
    check_default_path(subject, data, decision);
    check_other_keys(data, decision);
    if (!str_is(value_text(value_at(subject->object, "metadata.name")), POLICY_CONFIG_NAME))
        decision_warn(decision, REASON_CONFIG_VALID,
                      "pods read ConfigMap '" POLICY_CONFIG_NAME "' only, not this one");
    if (decision_allowed(decision))
        decision_note(decision, REASON_CONFIG_VALID);
    decision_trace(decision, "keys", !decision_allowed(decision), NULL, "the keys are %s",
                   decision_allowed(decision) ? "right" : "not right");
}
