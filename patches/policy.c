#include "patches/policy.h"

#include "base/mem.h"
#include "patches/hba.h"
#include "patches/policy_fields.h"
#include "patches/profile.h"
#include "patches/shown.h"

/* More profiles of a kind than an API server has webhooks for. */
#define PROFILES_MAX 256

/* Harbor-operator's clusters ask for 12; no older one is in any image that can be pulled. */
#define POSTGRESQL_MIN 12

static struct str *slices(const struct strlist *list)
{
    struct str *texts = xcalloc(list->count + 1, sizeof(*texts));
    for (size_t i = 0; i < list->count; i++)
        texts[i] = str_of(list->items[i]);
    return texts;
}

static char *json_list(const struct strlist *list)
{
    struct buf json = BUF(FIELD_TEXT_MAX * 2 * STRLIST_MAX);
    buf_add_char(&json, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_add_char(&json, ',');
        buf_add_json_string(&json, str_of(list->items[i]));
    }
    buf_add_char(&json, ']');
    return buf_take(&json);
}

static void read_rules(struct strlist *given, struct database_policy *database,
                       struct strlist *mistakes)
{
    struct error err;
    database->pg_hba = *given;
    *given = (struct strlist){0};
    if (!database->pg_hba.count)
        for (size_t i = 0; i < HBA_REPAIRED_COUNT; i++)
            strlist_add(&database->pg_hba, str_of(hba_repaired[i]));
    database->pg_hba_json = json_list(&database->pg_hba);

    autofree struct str *rules = slices(&database->pg_hba);
    if (!hba_lets_patroni_in(rules, database->pg_hba.count, STR("postgres"), STR("standby"), &err))
        strlist_addf(mistakes, "database.pgHba: would lock Patroni out: %s", err.text);
}

static void read_image(const char *image, struct database_policy *database,
                       struct strlist *mistakes)
{
    struct str reference = str_of(image);
    if (!reference.length)
        strlist_addf(mistakes, "database.image: is empty, expected an image of spilo");
    else if (str_find(reference, STR(" ")) >= 0)
        strlist_addf(mistakes, "database.image: '%s' has a blank, expected an image of spilo",
                     shown(reference).text);
    database->image = xstrdup(image);
    database->pin = image_parse(reference);
}

static void read_version(const char *version, struct database_policy *database,
                         struct strlist *mistakes)
{
    struct str text = str_of(version);
    uint64_t number;
    unsigned first;
    unsigned last;
    if (!text.length)
        return;
    if (!str_number(text, &number) || number > 99) {
        strlist_addf(mistakes,
                     "database.postgresqlVersion: '%s' is not a major version of PostgreSQL, "
                     "expected one such as \"16\"",
                     shown(text).text);
        return;
    }
    database->postgresql_version = (unsigned)number;
    if (number < POSTGRESQL_MIN) {
        strlist_addf(mistakes,
                     "database.postgresqlVersion: %s is older than %d, which Harbor asks for",
                     version, POSTGRESQL_MIN);
    } else if (!image_carries(database->pin, (unsigned)number)) {
        image_versions(database->pin, &first, &last);
        strlist_addf(mistakes,
                     "database.postgresqlVersion: %s is not in the image %s, which carries %u to "
                     "%u",
                     version, shown(str_of(database->image)).text, first, last);
    }
}

static void read_database(const json_t *tree, struct database_policy *database,
                          struct strlist *mistakes)
{
    struct database_fields fields;
    fields_read(policy_database_fields, tree, "database", &fields, mistakes);
    read_image(fields.image, database, mistakes);
    database->replace_images = fields.replace_images;
    fields.replace_images = (struct strlist){0};
    read_rules(&fields.pg_hba, database, mistakes);
    database->locales_old = fields.locales == 0;
    database->patch_live_clusters = fields.patch_live_clusters;
    read_version(fields.postgresql_version, database, mistakes);
    fields_done(policy_database_fields, &fields);
}

/* Whether a profile may have the name, which stands in a path and in a namespace's label. */
static bool name_valid(const char *kind, struct str name, bool enabled_allowed,
                       struct strlist *mistakes)
{
    if (!str_is_dns_label(name)) {
        strlist_addf(mistakes,
                     "%s.%s: is not a name for a profile, expected at most 63 of a-z, 0-9 and '-', "
                     "a letter or digit at both ends",
                     kind, shown(name).text);
        return false;
    }
    if (str_is(name, POLICY_PROFILE_UNLISTED) ||
        (str_is(name, POLICY_PROFILE_ENABLED) && !enabled_allowed)) {
        strlist_addf(mistakes, "%s.%s: is a reserved name, expected another one", kind,
                     shown(name).text);
        return false;
    }
    return true;
}

/* Number of profiles to read; 0 when the section cannot be read. */
static size_t section_size(const char *kind, const json_t *tree, struct strlist *mistakes)
{
    if (!tree || json_is_null(tree))
        return 0;
    if (!json_is_object(tree))
        strlist_addf(mistakes, "%s: %s is not a mapping", kind, field_type_name(tree));
    if (json_object_size(tree) <= PROFILES_MAX)
        return json_object_size(tree);
    strlist_addf(mistakes, "%s: has %zu profiles, expected at most %d", kind,
                 json_object_size(tree), PROFILES_MAX);
    return 0;
}

static int compare_restores(const void *a, const void *b)
{
    const struct restore_profile *left = a;
    const struct restore_profile *right = b;
    return strcmp(left->name, right->name);
}

static int compare_backups(const void *a, const void *b)
{
    const struct backup_profile *left = a;
    const struct backup_profile *right = b;
    return strcmp(left->name, right->name);
}

static void read_restores(const json_t *tree, int64_t now, struct policy *policy,
                          struct strlist *mistakes)
{
    size_t size = section_size("restoreProfiles", tree, mistakes);
    json_t *profiles = size ? field_iterable(tree) : NULL;
    policy->restores = xcalloc(size + 1, sizeof(*policy->restores));
    profile_read_enabled(size ? json_object_get(tree, POLICY_PROFILE_ENABLED) : NULL,
                         &policy->restores[policy->restore_count++], mistakes);
    for (void *at = json_object_iter(profiles); at; at = json_object_iter_next(profiles, at)) {
        const char *name = json_object_iter_key(at);
        if (name_valid("restoreProfiles", str_of(name), true, mistakes) &&
            strcmp(name, POLICY_PROFILE_ENABLED) != 0)
            profile_read_restore(name, json_object_iter_value(at), now,
                                 &policy->restores[policy->restore_count++], mistakes);
    }
    qsort(policy->restores, policy->restore_count, sizeof(*policy->restores), compare_restores);
}

static void read_backups(const json_t *tree, struct policy *policy, struct strlist *mistakes)
{
    size_t size = section_size("backupProfiles", tree, mistakes);
    json_t *profiles = size ? field_iterable(tree) : NULL;
    policy->backups = xcalloc(size + 1, sizeof(*policy->backups));
    for (void *at = json_object_iter(profiles); at; at = json_object_iter_next(profiles, at)) {
        const char *name = json_object_iter_key(at);
        if (name_valid("backupProfiles", str_of(name), false, mistakes))
            profile_read_backup(name, json_object_iter_value(at),
                                &policy->backups[policy->backup_count++], mistakes);
    }
    qsort(policy->backups, policy->backup_count, sizeof(*policy->backups), compare_backups);
}

/* Whether one of the first `count` mistakes is about the place of the problem: what could not be
 * read is not missing as well. */
static bool place_is_known(const struct strlist *mistakes, size_t count, const char *problem)
{
    long place = str_find(str_of(problem), STR(": "));
    for (size_t i = 0; i < count; i++)
        if (strncmp(mistakes->items[i], problem, (size_t)place + 2) == 0)
            return true;
    return false;
}

struct policy *policy_parse(const json_t *database, const json_t *restore_profiles,
                            const json_t *backup_profiles, int64_t now, struct strlist *mistakes)
{
    struct strlist found = {0};
    struct strlist problems = {0};
    struct policy *policy = xcalloc(1, sizeof(*policy));
    read_database(database, &policy->database, &found);
    read_restores(restore_profiles, now, policy, &found);
    read_backups(backup_profiles, policy, &found);
    if (found.count) {
        policy_problems(policy, &problems);
        policy_free(policy);
        policy = NULL;
    }
    size_t count = found.count;
    for (size_t i = 0; i < problems.count; i++)
        if (!place_is_known(&found, count, problems.items[i]))
            strlist_add(&found, str_of(problems.items[i]));
    for (size_t i = 0; i < found.count; i++)
        strlist_add(mistakes, str_of(found.items[i]));
    strlist_clear(&problems);
    strlist_clear(&found);
    return policy;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; i < policy->restore_count; i++)
        profile_done_restore(&policy->restores[i]);
    for (size_t i = 0; i < policy->backup_count; i++)
        profile_done_backup(&policy->backups[i]);
    free(policy->restores);
    free(policy->backups);
    free(policy->database.image);
    free(policy->database.pg_hba_json);
    strlist_clear(&policy->database.replace_images);
    strlist_clear(&policy->database.pg_hba);
    free(policy);
}

static void add_all(const struct profile_problems *problems, struct strlist *mistakes)
{
    for (size_t i = 0; i < problems->missing.count; i++)
        strlist_add(mistakes, str_of(problems->missing.items[i]));
    for (size_t i = 0; i < problems->wrong.count; i++)
        strlist_add(mistakes, str_of(problems->wrong.items[i]));
}

void policy_problems(const struct policy *policy, struct strlist *mistakes)
{
    for (size_t i = 0; i < policy->restore_count; i++)
        add_all(&policy->restores[i].problems, mistakes);
    for (size_t i = 0; i < policy->backup_count; i++)
        add_all(&policy->backups[i].problems, mistakes);
}

const struct restore_profile *policy_restore(const struct policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->restore_count; i++)
        if (str_is(name, policy->restores[i].name))
            return &policy->restores[i];
    return NULL;
}

const struct backup_profile *policy_backup(const struct policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->backup_count; i++)
        if (str_is(name, policy->backups[i].name))
            return &policy->backups[i];
    return NULL;
}

char *policy_restore_names(const struct policy *policy)
{
    struct strlist names = {0};
    for (size_t i = 0; i < policy->restore_count; i++)
        strlist_add(&names, str_of(policy->restores[i].name));
    char *text = strlist_join(&names, ", ");
    strlist_clear(&names);
    return text;
}

char *policy_backup_names(const struct policy *policy)
{
    struct strlist names = {0};
    for (size_t i = 0; i < policy->backup_count; i++)
        strlist_add(&names, str_of(policy->backups[i].name));
    if (!names.count)
        strlist_add(&names, STR("none"));
    char *text = strlist_join(&names, ", ");
    strlist_clear(&names);
    return text;
}
