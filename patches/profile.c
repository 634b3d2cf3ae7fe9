#include "patches/profile.h"

#include "base/mem.h"
#include "patches/cron.h"
#include "patches/entries.h"
#include "patches/profile_entries.h"
#include "patches/profile_env.h"
#include "patches/profile_values.h"
#include "patches/s3_place.h"
#include "patches/shown.h"
#include "patches/target_time.h"

#define REGION_MISSING                                                                             \
    "the bucket's region (a store without regions: us-east-1); without it spilo guesses"

static const struct value_check place_checks[] = {
    {"s3.bucket", offsetof(struct s3_fields, bucket), s3_bucket_valid,
     "the bucket of the source's archive"},
    {"s3.scope", offsetof(struct s3_fields, scope), s3_scope_valid,
     "the name of the source cluster, such as 'postgresql-harbor-harbor'"},
    {"s3.scopePrefix", offsetof(struct s3_fields, scope_prefix), s3_scope_prefix_valid, NULL},
    {"s3.suffix", offsetof(struct s3_fields, suffix), s3_suffix_valid,
     "'/<uid of the source cluster>', or \"\" for the layout without uid", .may_be_empty = true},
    {NULL},
};

static const struct value_check prefix_checks[] = {
    {"s3.prefix", offsetof(struct s3_fields, prefix), s3_prefix_valid, NULL},
    {NULL},
};

static const struct value_check store_checks[] = {
    {"s3.region", offsetof(struct s3_fields, region), s3_region_valid, REGION_MISSING},
    {"s3.endpoint", offsetof(struct s3_fields, endpoint), s3_endpoint_valid, NULL},
    {NULL},
};

static const struct value_check backup_checks[] = {
    {"s3.bucket", offsetof(struct s3_fields, bucket), s3_bucket_valid, "the bucket of the archive"},
    {"s3.scopePrefix", offsetof(struct s3_fields, scope_prefix), s3_scope_prefix_valid, NULL},
    {"s3.suffix", offsetof(struct s3_fields, suffix), s3_suffix_valid,
     "the generation of the archive, such as '/generation-2'"},
    {NULL},
};

static const struct value_check schedule_checks[] = {
    {"schedule", offsetof(struct profile_fields, schedule), cron_valid,
     "five cron fields such as '0 1 * * *'"},
    {NULL},
};

static bool given(const char *text)
{
    return text && *text;
}

/* The place of the source, in one of its two forms. */
static void check_place(const struct profile_reader *reader, const struct s3_fields *s3)
{
    if (!given(s3->prefix)) {
        profile_check(reader, place_checks, s3);
    } else if (given(s3->bucket) || given(s3->scope) || given(s3->scope_prefix) ||
               given(s3->suffix)) {
        profile_wrong(reader, "s3.prefix",
                      "contradicts bucket, scope, scopePrefix and suffix, expected either the "
                      "prefix or the others");
    } else {
        profile_check(reader, prefix_checks, s3);
    }
    profile_check(reader, store_checks, s3);
}

static void check_endpoint_host(const struct profile_reader *reader, const struct s3_fields *s3)
{
    struct str host = str_of(s3->endpoint);
    long start = str_find(host, STR("://"));
    struct str bucket = str_of(s3->bucket);
    if (!host.data || start < 0 || !bucket.length)
        return;
    host = str_skip(host, (size_t)start + 3);
    if (str_starts(host, bucket) && str_starts(str_skip(host, bucket.length), STR(".")))
        profile_wrong(
            reader, "s3.endpoint",
            "'%s' begins with the bucket, which would come twice, expected the host alone",
            shown(str_of(s3->endpoint)).text);
}

static void check_target(const struct profile_reader *reader, const struct target_fields *target,
                         int64_t now, struct restore_profile *profile)
{
    struct error err;
    struct str timeline = str_of(target->timeline);
    if (given(target->time)) {
        if (!target_time_parse(str_of(target->time), &profile->target_time, &err))
            profile_wrong(reader, "target.time", "%s", err.text);
        else if (profile->target_time > now)
            profile_wrong(
                reader, "target.time",
                "'%s' is in the future, expected a time up to now, or none for the end of "
                "the archive",
                shown(str_of(target->time)).text);
        else
            profile->has_target_time = true;
    }
    if (timeline.length && !s3_timeline_valid(timeline, &err))
        profile_wrong(reader, "target.timeline", "%s", err.text);
    profile->has_timeline = timeline.length && !str_is(timeline, "latest");
    if (target->inclusive && !json_is_boolean(target->inclusive))
        profile_wrong(reader, "target.inclusive", "%s is not true or false",
                      field_type_name(target->inclusive));
}

static void check_source_locales(const struct profile_reader *reader, const char *word,
                                 struct restore_profile *profile)
{
    profile->source_locales = str_is(str_of(word), "new") ? LOCALES_NEW : LOCALES_OLD;
    if (!str_is(str_of(word), "new") && !str_is(str_of(word), "old"))
        profile_wrong(reader, "sourceLocales", "'%s' is not 'old' or 'new'",
                      shown(str_of(word)).text);
}

static char *clone_path(const struct s3_fields *s3)
{
    struct str whole = s3_prefix_path(str_of(s3->prefix));
    return given(s3->prefix) ? xstrndup(whole.data, whole.length)
                             : s3_path(str_of(s3->bucket), str_of(s3->scope_prefix),
                                       str_of(s3->scope), str_of(s3->suffix));
}

void profile_read_enabled(const json_t *tree, struct restore_profile *ret, struct strlist *mistakes)
{
    const char *path = "restoreProfiles." POLICY_PROFILE_ENABLED;
    struct profile_reader reader = {path, &ret->problems, mistakes};
    struct profile_fields fields = {0};

    *ret = (struct restore_profile){.name = xstrdup(POLICY_PROFILE_ENABLED), .by_reference = true};
    fields_read(policy_enabled_fields, tree, path, &fields, mistakes);
    profile_clusters(&reader, &fields, &ret->clusters);
    ret->own_archive_verified = profile_own_archive(&reader, &fields);
    if (profile_is_sound(&ret->problems))
        profile_entries_enabled(&ret->entries);
    fields_done(policy_enabled_fields, &fields);
}

void profile_read_restore(const char *name, const json_t *tree, int64_t now,
                          struct restore_profile *ret, struct strlist *mistakes)
{
    autofree char *path = field_path("restoreProfiles", name);
    struct profile_reader reader = {path, &ret->problems, mistakes};
    struct profile_fields fields = {0};
    struct credentials credentials;
    struct entry_list env = {0};

    *ret = (struct restore_profile){.name = xstrdup(name)};
    fields_read(policy_restore_fields, tree, path, &fields, mistakes);
    check_place(&reader, &fields.s3);
    check_endpoint_host(&reader, &fields.s3);
    check_target(&reader, &fields.target, now, ret);
    profile_credentials(&reader, &fields.credentials, &credentials);
    ret->has_endpoint = given(fields.s3.endpoint);
    ret->has_role = given(credentials.identity.role_arn);
    profile_env(&reader, fields.env, true, ret->has_endpoint, &env);
    check_source_locales(&reader, fields.source_locales, ret);
    profile_clusters(&reader, &fields, &ret->clusters);
    ret->own_archive_verified = profile_own_archive(&reader, &fields);
    if (profile_is_sound(&ret->problems)) {
        profile_entries_restore(&fields, &credentials, &ret->entries);
        entries_append(&ret->entries, &env);
        ret->clone_path = clone_path(&fields.s3);
    }
    entries_clear(&env);
    credentials_done(&credentials);
    fields_done(policy_restore_fields, &fields);
}

void profile_read_backup(const char *name, const json_t *tree, struct backup_profile *ret,
                         struct strlist *mistakes)
{
    autofree char *path = field_path("backupProfiles", name);
    struct profile_reader reader = {path, &ret->problems, mistakes};
    struct profile_fields fields = {0};
    struct credentials credentials;
    struct entry_list env = {0};

    *ret = (struct backup_profile){.name = xstrdup(name)};
    fields_read(policy_backup_fields, tree, path, &fields, mistakes);
    profile_check(&reader, backup_checks, &fields.s3);
    profile_check(&reader, store_checks, &fields.s3);
    check_endpoint_host(&reader, &fields.s3);
    profile_check(&reader, schedule_checks, &fields);
    if (!fields.retain)
        profile_wrong(&reader, "retain", "0 would delete every base backup, expected at least 1");
    profile_credentials(&reader, &fields.credentials, &credentials);
    profile_env(&reader, fields.env, false, given(fields.s3.endpoint), &env);
    profile_clusters(&reader, &fields, &ret->clusters);
    if (profile_is_sound(&ret->problems)) {
        profile_entries_backup(&fields, &credentials, &ret->entries);
        entries_append(&ret->entries, &env);
    }
    ret->suffix = TAKE(fields.s3.suffix);
    entries_clear(&env);
    credentials_done(&credentials);
    fields_done(policy_backup_fields, &fields);
}

static void filter_done(struct cluster_filter *filter)
{
    strlist_clear(&filter->names);
    strlist_clear(&filter->except);
}

static void problems_done(struct profile_problems *problems)
{
    strlist_clear(&problems->missing);
    strlist_clear(&problems->wrong);
}

void profile_done_restore(struct restore_profile *profile)
{
    free(profile->name);
    free(profile->clone_path);
    entries_clear(&profile->entries);
    filter_done(&profile->clusters);
    problems_done(&profile->problems);
}

void profile_done_backup(struct backup_profile *profile)
{
    free(profile->name);
    free(profile->suffix);
    entries_clear(&profile->entries);
    filter_done(&profile->clusters);
    problems_done(&profile->problems);
}
