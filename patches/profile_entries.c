#include "patches/profile_entries.h"

#include "base/mem.h"
#include "patches/entries.h"
#include "patches/s3_place.h"

#include <inttypes.h>

static bool given(const char *text)
{
    return text && *text;
}

/* The part of a clone's environment that never varies, in the order of a pod. */
static void add_clone_method(struct entry_list *entries)
{
    entry_add_value(entries, "CLONE_METHOD", "CLONE_WITH_WALE");
    /* an incomplete set then stops the container instead of starting empty */
    entry_add_value(entries, "CLONE_WITH_WALE", "true");
}

/* The last one is a spelling that nobody reads, but the runbook lists it. */
static void add_clone_tool(struct entry_list *entries)
{
    entry_add_value(entries, "CLONE_USE_WALG_RESTORE", "true");
    entry_add_value(entries, "USE_WALG_RESTORE", "true");
    entry_add_value(entries, "USEWALG_RESTORE", "true");
}

static void add_clone_peer(struct entry_list *entries)
{
    entry_add_value(entries, "CLONE_USER", "standby");
    entry_add_value(entries, "CLONE_PORT", "5432");
}

/* `prefix` is "CLONE_" or "". */
static void add_text(struct entry_list *entries, const char *prefix, const char *name,
                     const char *value)
{
    autofree char *full = xasprintf("%s%s", prefix, name);
    entry_add_value(entries, full, value);
}

static void add_credentials(struct entry_list *entries, const char *prefix,
                            const struct credentials *credentials)
{
    const struct secret_fields *secret = &credentials->secret;
    if (credentials->identity.role_arn) {
        add_text(entries, prefix, "AWS_ROLE_ARN", credentials->identity.role_arn);
        add_text(entries, prefix, "AWS_WEB_IDENTITY_TOKEN_FILE", credentials->identity.token_file);
        return;
    }
    autofree char *id = xasprintf("%sAWS_ACCESS_KEY_ID", prefix);
    autofree char *key = xasprintf("%sAWS_SECRET_ACCESS_KEY", prefix);
    entry_add_secret_key(entries, id, secret->name, secret->access_key_id);
    entry_add_secret_key(entries, key, secret->name, secret->secret_access_key);
}

static void add_place(struct entry_list *entries, const char *prefix, const struct s3_fields *s3)
{
    add_text(entries, prefix, "WAL_S3_BUCKET", s3->bucket);
    add_text(entries, prefix, "WAL_BUCKET_SCOPE_PREFIX", s3->scope_prefix);
    add_text(entries, prefix, "WAL_BUCKET_SCOPE_SUFFIX", s3->suffix);
}

static void add_store(struct entry_list *entries, const char *prefix, const struct s3_fields *s3)
{
    add_text(entries, prefix, "AWS_REGION", s3->region);
    if (given(s3->endpoint))
        add_text(entries, prefix, "AWS_ENDPOINT", s3->endpoint);
}

static void add_target(struct entry_list *entries, const struct target_fields *target)
{
    if (given(target->time))
        entry_add_value(entries, "CLONE_TARGET_TIME", target->time);
    if (given(target->timeline))
        entry_add_value(entries, "CLONE_TARGET_TIMELINE", target->timeline);
    if (target->inclusive) /* spilo takes every text but the empty one for true */
        entry_add_value(entries, "CLONE_TARGET_INCLUSIVE",
                        json_is_true(target->inclusive) ? "true" : "");
}

/* A place is used without the slashes that a person may have left at its end. */
static void add_whole_place(struct entry_list *entries, const char *prefix)
{
    struct str place = str_of(prefix);
    while (str_ends(place, STR("/")))
        place.length--;
    autofree char *text = xstrndup(place.data, place.length);
    entry_add_value(entries, "CLONE_WALG_S3_PREFIX", text);
}

void profile_entries_restore(const struct profile_fields *fields,
                             const struct credentials *credentials, struct entry_list *entries)
{
    const struct s3_fields *s3 = &fields->s3;
    struct str scope = given(s3->prefix) ? s3_prefix_scope(str_of(s3->prefix)) : str_of(s3->scope);
    autofree char *scope_text = xstrndup(scope.data, scope.length);

    add_clone_method(entries);
    entry_add_value(entries, "CLONE_SCOPE", scope_text);
    entry_add_value(entries, "CLONE_HOST", scope_text);
    add_clone_peer(entries);
    if (given(s3->prefix))
        add_whole_place(entries, s3->prefix);
    else
        add_place(entries, "CLONE_", s3);
    add_clone_tool(entries);
    add_store(entries, "CLONE_", s3);
    add_credentials(entries, "CLONE_", credentials);
    add_target(entries, &fields->target);
}

/* One variable of the built-in profile: where its value comes from. */
struct by_reference {
    const char *name;
    const char *key;
    bool optional;
};

static void add_references(struct entry_list *entries, const struct by_reference *rows)
{
    for (; rows->name; rows++)
        entry_add_config_map_key(entries, rows->name, POLICY_CONFIG_NAME, rows->key,
                                 rows->optional);
}

void profile_entries_enabled(struct entry_list *entries)
{
    static const struct by_reference scope[] = {
        {"CLONE_SCOPE", "CLONE_SCOPE", false}, {"CLONE_HOST", "CLONE_SCOPE", false}, {NULL}};
    static const struct by_reference place[] = {
        {"CLONE_WAL_S3_BUCKET", "CLONE_WAL_S3_BUCKET", false},
        {"CLONE_WAL_BUCKET_SCOPE_PREFIX", "CLONE_WAL_BUCKET_SCOPE_PREFIX", true},
        {"CLONE_WAL_BUCKET_SCOPE_SUFFIX", "CLONE_WAL_BUCKET_SCOPE_SUFFIX", false},
        {NULL}};
    static const struct by_reference region[] = {{"CLONE_AWS_REGION", "CLONE_AWS_REGION", false},
                                                 {NULL}};
    static const struct by_reference target[] = {
        {"CLONE_TARGET_TIME", "CLONE_TARGET_TIME", true},
        {"CLONE_TARGET_TIMELINE", "CLONE_TARGET_TIMELINE", true},
        {NULL}};

    add_clone_method(entries);
    add_references(entries, scope);
    add_clone_peer(entries);
    add_references(entries, place);
    add_clone_tool(entries);
    add_references(entries, region);
    entry_add_secret_key(entries, "CLONE_AWS_ACCESS_KEY_ID", POLICY_CONFIG_NAME,
                         "CLONE_AWS_ACCESS_KEY_ID");
    entry_add_secret_key(entries, "CLONE_AWS_SECRET_ACCESS_KEY", POLICY_CONFIG_NAME,
                         "CLONE_AWS_SECRET_ACCESS_KEY");
    add_references(entries, target);
}

void profile_entries_backup(const struct profile_fields *fields,
                            const struct credentials *credentials, struct entry_list *entries)
{
    autofree char *retain = xasprintf("%" PRIu64, fields->retain);
    add_place(entries, "", &fields->s3);
    add_store(entries, "", &fields->s3);
    entry_add_value(entries, "USE_WALG_BACKUP", "true");
    entry_add_value(entries, "USE_WALG_RESTORE", "true");
    entry_add_value(entries, "BACKUP_SCHEDULE", fields->schedule);
    entry_add_value(entries, "BACKUP_NUM_TO_RETAIN", retain);
    add_credentials(entries, "", credentials);
}
