#include "patches/archive.h"
#include "patches/decide.h"
#include "patches/entries.h"
#include "patches/hba.h"
#include "patches/resource.h"
#include "patches/variables.h"

#include <assert.h>
#include <jansson.h>

/* Longest SPILO_CONFIGURATION that is looked into, and how deep it may nest. */
#define CONFIGURATION_MAX (1u << 20)
#define CONFIGURATION_DEPTH 64

/* Everything that one refusal of a restore needs to know. */
struct restore {
    const struct policy *policy;
    const struct restore_profile *profile;
    const struct subject *subject;
    const struct pod *pod;
    struct image image;
};

/* What repairs the resource behind a pod: the first update writes rules and variable, the second,
 * once the annotation was off, moves the image. */
#define REPAIR_LINE "kubectl -n %.*s annotate postgresql %.*s harbor-pg-webhook/repair=true"
#define REPAIR_ARGS(restore)                                                                       \
    STR_ARG((restore)->subject->namespace), STR_ARG(buf_str(&(restore)->pod->scope))

/* ---- what somebody else configured ---- */

static void check_standby(const struct restore *restore, struct decision *decision)
{
    const struct env *env = &restore->pod->env;
    struct str found = STR_NONE;
    for (size_t i = 0; i < env->count && !found.data; i++) {
        if (!str_starts(env->entries[i].name, STR("STANDBY_")))
            continue;
        autofree char *name = xstrndup(env->entries[i].name.data, env->entries[i].name.length);
        if (env_is_set(env, name))
            found = env->entries[i].name;
    }
    if (found.data)
        decision_deny(decision, REASON_STANDBY_CLUSTER,
                      "env %.*s makes this a standby cluster, which follows another database and "
                      "cannot be restored: take spec.standby out of the resource, or name the "
                      "cluster in 'except' of profile '%s'",
                      STR_ARG(found), restore->profile->name);
    decision_trace(decision, "standby", found.data != NULL, NULL,
                   found.data ? "a STANDBY_ variable is set" : "no STANDBY_ variable is set");
}

static void check_basebackup(const struct restore *restore, struct decision *decision)
{
    const struct env *env = &restore->pod->env;
    struct buf method = BUF(1024);
    bool known = env_has(env, STR("CLONE_METHOD")) &&
                 env_resolve(env, "CLONE_METHOD", &method) == ENV_LITERAL;
    bool by_method = known && str_is(buf_str(&method), "CLONE_WITH_BASEBACKUP");
    bool by_name =
        env_has(env, STR("CLONE_WITH_BASEBACKUP")) && env_is_set(env, "CLONE_WITH_BASEBACKUP");
    buf_clear(&method);
    if (by_method || by_name)
        decision_deny(decision, REASON_CLONE_ALREADY_CONFIGURED,
                      "the resource clones from a running cluster (CLONE_WITH_BASEBACKUP): take "
                      "spec.clone out of the resource, or name the cluster in 'except' of profile "
                      "'%s'",
                      restore->profile->name);
    decision_trace(decision, "basebackup", by_method || by_name, NULL,
                   by_method || by_name ? "a clone by base backup is configured"
                                        : "no clone by base backup is configured");
}

static void check_env_from(const struct restore *restore, struct decision *decision)
{
    bool opaque = restore->profile->by_reference && restore->pod->env.has_env_from;
    if (opaque)
        decision_deny(decision, REASON_ENV_FROM_OPAQUE,
                      "the container has envFrom, which could bring a value where an optional key "
                      "of ConfigMap '" POLICY_CONFIG_NAME "' is missing: use a literal profile "
                      "instead of '%s'",
                      restore->profile->name);
    decision_trace(decision, "env-from", opaque, NULL, "envFrom is %s",
                   restore->pod->env.has_env_from ? "there" : "not there");
}

static void check_target_time(const struct restore *restore, struct decision *decision)
{
    const struct restore_profile *profile = restore->profile;
    bool future = profile->has_target_time && profile->target_time > restore->subject->now;
    if (future)
        decision_deny(decision, REASON_INVALID_CONFIG,
                      "restoreProfiles.%s.target.time is in the future: give a time that the "
                      "archive has reached, or none for the latest",
                      profile->name);
    if (profile->has_target_time)
        decision_trace(decision, "target-time", future, NULL, "the target time is in the %s",
                       future ? "future" : "past");
}

/* ---- the image ---- */

static bool wal_g_3(struct image image)
{
    return image.known && !image_before(image, 3, 3, 0);
}

#define SET_IMAGE                                                                                  \
    "kubectl -n %.*s patch postgresql %.*s --type=merge -p "                                       \
    "'{\"spec\":{\"dockerImage\":\"%s\"}}'"

/* What is broken in the image for this profile, or NULL. */
static const char *broken(const struct restore *restore)
{
    struct image image = restore->image;
    bool is_2_1_p1 =
        image.known && image.tag.major == 2 && image.tag.minor == 1 && image.tag.patch == 1;
    if (is_2_1_p1)
        return "2.1-p1 cannot list wal-g's backups";
    if (restore->profile->has_role && (image_before(image, 2, 1, 7) || wal_g_3(image)))
        return "a role works with images from 2.1-p7 to 3.2-p3 only";
    if (restore->profile->has_timeline && image_before(image, 2, 1, 6))
        return "a target timeline works with images from 2.1-p6 on";
    return NULL;
}

static void check_image(const struct restore *restore, struct decision *decision)
{
    struct str image = restore->pod->image;
    bool too_old = image_before(restore->image, 2, 0, 4);
    const char *fault = too_old ? NULL : broken(restore);
    if (too_old && resource_is_default_image(restore->policy, image))
        decision_deny(decision, REASON_IMAGE_TOO_OLD,
                      "image '%.*s' is older than 2.0-p4 and cannot restore from S3; repair the "
                      "resource: " REPAIR_LINE " (it writes rules and locales; take the annotation "
                      "off and set it once more, and it moves the image)",
                      STR_ARG(image), REPAIR_ARGS(restore));
    else if (too_old)
        decision_deny(decision, REASON_IMAGE_TOO_OLD,
                      "image '%.*s' is older than 2.0-p4 and cannot restore from S3; it is not "
                      "Harbor's own, so set another one: " SET_IMAGE,
                      STR_ARG(image), REPAIR_ARGS(restore), restore->policy->database.image);
    else if (fault)
        decision_deny(decision, REASON_IMAGE_BROKEN,
                      "image '%.*s' cannot restore with profile '%s': %s; set spec.dockerImage of "
                      "the resource to one that can",
                      STR_ARG(image), restore->profile->name, fault);
    else if (!restore->image.known)
        decision_warn(decision, REASON_IMAGE_UNKNOWN,
                      "image '%.*s' is not a spilo release known here: that it can restore is not "
                      "checked",
                      STR_ARG(image));
    else if (image_before(restore->image, 2, 1, 7))
        decision_warn(decision, REASON_RESTORE,
                      "image '%.*s' is older than 2.1-p7, the first that is known to restore well",
                      STR_ARG(image));
    decision_trace(decision, "image", too_old || fault, NULL, "image '%.*s'%s%s", STR_ARG(image),
                   fault ? ": " : "", fault ? fault : "");
}

/* ---- the rules inside SPILO_CONFIGURATION ---- */

/* A user's name by variable, or what spilo takes without it. */
static struct str user_name(const struct env *env, const char *variable, const char *otherwise,
                            struct buf *text)
{
    if (env_resolve(env, variable, text) == ENV_LITERAL && text->length)
        return buf_str(text);
    return str_of(otherwise);
}

static bool rules_work(const struct env *env, struct value rules, struct error *err)
{
    size_t count = value_count(rules);
    if (value_type(rules) != VALUE_ARRAY)
        return error_set(err, "postgresql.pg_hba is not a list");
    autofree struct str *texts = xcalloc(count, sizeof(*texts));
    struct value rule = value_first(rules);
    for (size_t i = 0; i < count; i++, rule = value_next(rule)) {
        texts[i] = value_text(rule);
        if (!texts[i].data)
            return error_set(err, "postgresql.pg_hba[%zu] is not a text", i);
    }
    struct buf superuser = BUF(1024);
    struct buf standby = BUF(1024);
    bool work = hba_lets_patroni_in(texts, count,
                                    user_name(env, "PGUSER_SUPERUSER", "postgres", &superuser),
                                    user_name(env, "PGUSER_STANDBY", "standby", &standby), err);
    buf_clear(&superuser);
    buf_clear(&standby);
    return work;
}

/* SPILO_CONFIGURATION as JSON text: as it is, or through the YAML reader. False when it is neither;
 * `text` is replaced. */
static bool as_json(policy_yaml_reader *read_yaml, struct buf *text, struct doc **ret,
                    struct error *err)
{
    if (doc_read(buf_str(text), CONFIGURATION_DEPTH, ret, err))
        return true;
    json_t *tree = read_yaml ? read_yaml(buf_str(text), err) : NULL;
    char *json = tree ? json_dumps(tree, JSON_COMPACT) : NULL;
    json_decref(tree);
    if (!json)
        return false;
    buf_clear(text);
    buf_add_text(text, json);
    free(json);
    return doc_read(buf_str(text), CONFIGURATION_DEPTH, ret, err);
}

static void check_rules(const struct restore *restore, struct decision *decision)
{
    const struct env *env = &restore->pod->env;
    if (image_before(restore->image, 2, 0, 2)) {
        decision_trace(decision, "pg_hba", false, NULL, "this image appends its own rules");
        return;
    }
    struct buf text = BUF(CONFIGURATION_MAX);
    cleanup(doc_cleanup) struct doc *doc = NULL;
    struct error err = {"its value is not known here"};
    enum env_state state = env_resolve(env, "SPILO_CONFIGURATION", &text);
    bool empty = state == ENV_ABSENT || (state == ENV_LITERAL && !text.length);
    bool readable =
        empty || (state == ENV_LITERAL && as_json(restore->policy->read_yaml, &text, &doc, &err));
    struct value rules = doc ? value_at(doc_root(doc), "postgresql.pg_hba") : VALUE_NONE;
    bool locked_out = value_present(rules) && !rules_work(env, rules, &err);
    if (!readable)
        decision_warn(decision, REASON_CUSTOM_RULES,
                      "SPILO_CONFIGURATION cannot be read, so its pg_hba rules are not checked: %s",
                      err.text);
    if (locked_out)
        decision_deny(decision, REASON_RULES_LOCK_OUT,
                      "the pg_hba rules lock Patroni out of its own database: %s; repair the "
                      "resource: " REPAIR_LINE " (Harbor's own rules), or mend "
                      "spec.patroni.pg_hba by hand (a list of yours)",
                      err.text, REPAIR_ARGS(restore));
    decision_trace(decision, "pg_hba", locked_out, NULL,
                   locked_out             ? "the rules lock Patroni out"
                   : !readable            ? "SPILO_CONFIGURATION cannot be read"
                   : value_present(rules) ? "the rules let Patroni in"
                                          : "no rules are given: spilo has its own");
    buf_clear(&text);
}

/* ---- the collation ---- */

#define SET_LOCALES                                                                                \
    "kubectl -n %.*s patch postgresql %.*s --type=merge -p "                                       \
    "'{\"spec\":{\"env\":[{\"name\":\"USE_OLD_LOCALES\",\"value\":\"true\"}]}}'"

static void check_locales(const struct restore *restore, struct decision *decision)
{
    struct buf value = BUF(1024);
    enum env_state state = env_resolve(&restore->pod->env, RESOURCE_LOCALES, &value);
    bool old = state == ENV_LITERAL && str_is(buf_str(&value), "true");
    buf_clear(&value);
    enum image_side side = image_side(restore->image);
    bool source_old = restore->profile->source_locales == LOCALES_OLD;
    bool unset = source_old && side != IMAGE_SIDE_OLD && !old;
    bool mismatch = !source_old && (old || side == IMAGE_SIDE_OLD);
    if (unset)
        decision_deny(decision, REASON_LOCALES_UNSET,
                      "the backup has the collation of Ubuntu 18.04, image '%.*s' another one: "
                      "without " RESOURCE_LOCALES "=true text indexes would be corrupt; if the "
                      "database is still to be restored, set it (keep other entries of "
                      "spec.env): " SET_LOCALES
                      ", or state sourceLocales: new in a literal profile",
                      STR_ARG(restore->pod->image), REPAIR_ARGS(restore));
    if (mismatch)
        decision_deny(decision, REASON_LOCALES_MISMATCH,
                      "profile '%s' says sourceLocales: new, but %s: text indexes would be "
                      "corrupt; %s, or state sourceLocales: old",
                      restore->profile->name,
                      old ? RESOURCE_LOCALES " is true" : "the image is older than 2.1-p9",
                      old ? "set " RESOURCE_LOCALES " to \"false\" in spec.env of the resource"
                          : "set spec.dockerImage of the resource to a newer one");
    decision_trace(decision, "locales", unset || mismatch, NULL,
                   "the source has the %s collation, " RESOURCE_LOCALES " is %strue",
                   source_old ? "old" : "new", old ? "" : "not ");
}

/* ---- the environment ---- */

static bool owns_clone_name(struct str name)
{
    return str_starts(name, STR("CLONE_"));
}

/* Every CLONE_ name that spilo reads, set to what means "not set". */
static void neutral_entries(struct entry_list *ret)
{
    size_t count;
    const struct variable *rows = variables(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].prefix == VARIABLE_OWN_ONLY)
            continue;
        autofree char *name =
            xasprintf("%s%s", rows[i].prefix == VARIABLE_BOTH ? "CLONE_" : "", rows[i].name);
        entry_add_value(ret, name, rows[i].neutral);
    }
}

static void inject(const struct restore *restore, struct decision *decision)
{
    struct entry_list neutral = {0};
    if (restore->pod->env.has_env_from)
        neutral_entries(&neutral);
    decision->state = STATE_RESTORE;
    env_inject(&restore->pod->env, &restore->profile->entries, &neutral, owns_clone_name, decision);
    entries_clear(&neutral);
    bool changes = decision->operations > 0;
    decision_note(decision, changes ? REASON_RESTORE : REASON_ALREADY_RIGHT);
    decision_trace(
        decision, "environment", changes, changes ? "the CLONE_ variables of the profile" : NULL,
        changes ? "the environment is not the profile's yet" : "the environment is the profile's");
}

static void check_all(const struct restore *restore, struct decision *decision)
{
    static void (*const checks[])(const struct restore *, struct decision *) = {
        check_standby, check_basebackup, check_env_from, check_target_time,
        check_image,   check_rules,      check_locales,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        checks[i](restore, decision);
    archive_check(restore->policy, restore->profile, restore->subject, restore->pod, decision);
}

void decide_restore(const struct policy *policy, const struct restore_profile *profile,
                    const struct subject *subject, struct decision *decision)
{
    autofree char *names = profile ? NULL : policy_restore_names(policy);
    const struct pod_profile gate = {
        .kind = "restore",
        .name = profile ? str_of(profile->name) : STR_NONE,
        .clusters = profile ? &profile->clusters : NULL,
        .problems = profile ? &profile->problems : NULL,
        .names = names,
        .one_source = true,
    };
    struct pod pod;
    if (!pod_concerns(subject, &gate, decision, &pod))
        return;
    assert(profile); /* the catch-all entry refuses, or is not concerned */
    const struct restore restore = {policy, profile, subject, &pod, image_parse(pod.image)};
    pod_check_profile(&gate, decision);
    check_all(&restore, decision);
    if (decision_allowed(decision))
        inject(&restore, decision);
    pod_done(&pod);
}
