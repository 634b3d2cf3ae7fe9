#include "patches/profile_env.h"

#include "base/mem.h"
#include "patches/entries.h"
#include "patches/shown.h"
#include "patches/variables.h"

/* More than spilo reads. */
#define ENV_MAX 200

/* Names that `env` cannot set, and why. */
struct reserved {
    const char *name;
    const char *why;
};

#define SELF "the profile sets it itself, remove it here"
#define CONTRADICTS "contradicts a restore from an archive, remove it"
#define BY(key) "belongs into the key " key ", remove it here"
#define OPERATORS "belongs to the operator, remove it"

static const struct reserved restore_reserved[] = {
    {"CLONE_AWS_ACCESS_KEY_ID", BY("credentials")},
    {"CLONE_AWS_ENDPOINT", BY("s3.endpoint")},
    {"CLONE_AWS_REGION", BY("s3.region")},
    {"CLONE_AWS_ROLE_ARN", BY("credentials")},
    {"CLONE_AWS_SECRET_ACCESS_KEY", BY("credentials")},
    {"CLONE_AWS_WEB_IDENTITY_TOKEN_FILE", BY("credentials")},
    {"CLONE_HOST", SELF},
    {"CLONE_METHOD", SELF},
    {"CLONE_PASSWORD", CONTRADICTS},
    {"CLONE_PGPASS", CONTRADICTS},
    {"CLONE_PORT", SELF},
    {"CLONE_SCOPE", BY("s3.scope")},
    {"CLONE_TARGET_INCLUSIVE", BY("target.inclusive")},
    {"CLONE_TARGET_TIME", BY("target.time")},
    {"CLONE_TARGET_TIMELINE", BY("target.timeline")},
    {"CLONE_USER", SELF},
    {"CLONE_USE_WALG", SELF},
    {"CLONE_USE_WALG_RESTORE", SELF},
    /* with it an incomplete set would no longer stop the container (design.md 7.5) */
    {"CLONE_WALE_ENV_DIR", "would let an incomplete restore start empty, remove it"},
    {"CLONE_WALE_S3_PREFIX", BY("s3.prefix")},
    {"CLONE_WALG_S3_PREFIX", BY("s3.prefix")},
    {"CLONE_WAL_BUCKET_SCOPE_PREFIX", BY("s3.scopePrefix")},
    {"CLONE_WAL_BUCKET_SCOPE_SUFFIX", BY("s3.suffix")},
    {"CLONE_WAL_S3_BUCKET", BY("s3.bucket")},
    {"CLONE_WITH_BASEBACKUP", CONTRADICTS},
    {"CLONE_WITH_WALE", SELF},
    {NULL},
};

static const struct reserved backup_reserved[] = {
    {"AWS_ACCESS_KEY_ID", BY("credentials")},
    {"AWS_ENDPOINT", BY("s3.endpoint")},
    {"AWS_REGION", BY("s3.region")},
    {"AWS_ROLE_ARN", BY("credentials")},
    {"AWS_SECRET_ACCESS_KEY", BY("credentials")},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", BY("credentials")},
    {"BACKUP_NUM_TO_RETAIN", BY("retain")},
    {"BACKUP_SCHEDULE", BY("schedule")},
    {"PGPORT", OPERATORS},
    {"PGVERSION", OPERATORS},
    {"SCOPE", OPERATORS},
    {"USE_OLD_LOCALES", "belongs to the resource for its whole life, set it in its spec.env"},
    {"USE_WALG_BACKUP", SELF},
    {"USE_WALG_RESTORE", SELF},
    {"WALE_S3_PREFIX", "is made of s3.bucket and s3.suffix, remove it"},
    {"WALG_S3_PREFIX", "is made of s3.bucket and s3.suffix, remove it"},
    {"WAL_BUCKET_SCOPE_PREFIX", BY("s3.scopePrefix")},
    {"WAL_BUCKET_SCOPE_SUFFIX", BY("s3.suffix")},
    {"WAL_S3_BUCKET", BY("s3.bucket")},
    {NULL},
};

/* One member of `env`. */
struct variable_reader {
    const struct profile_reader *profile;
    const char *key; /* "env.CLONE_X" */
    const char *name;
    const struct variable *row;
    struct entry_list *entries;
};

static void read_reference(const struct variable_reader *reader, const json_t *value)
{
    static const struct field wrapper[] = {
        {"secret", FIELD_SECTION, 0, .fields = policy_reference_fields}, {NULL}};
    static const struct value_check checks[] = {
        {"secret.name", offsetof(struct reference_fields, name), profile_secret_name_valid,
         "the name of a Secret in the pod's namespace"},
        {"secret.key", offsetof(struct reference_fields, key), profile_secret_key_valid,
         "the key in the Secret"},
        {NULL},
    };
    autofree char *path = field_path(reader->profile->path, reader->key);
    struct profile_reader inner = *reader->profile;
    inner.path = path;
    struct reference_fields reference;
    fields_read(wrapper, value, path, &reference, inner.mistakes);
    profile_check(&inner, checks, &reference);
    if (reference.name && reference.key)
        entry_add_secret_key(reader->entries, reader->name, reference.name, reference.key);
    fields_done(wrapper, &reference);
}

/* What a text must look like for its kind; empty means "not set" to spilo and is always fine. */
static bool text_fits(enum variable_kind kind, struct str text, struct error *err)
{
    uint64_t number;
    if (kind == VARIABLE_NUMBER && !str_number(text, &number))
        return error_set(err, "'%s' is not a whole number", shown(text).text);
    if (kind == VARIABLE_BOOLEAN && !str_is(text, "true"))
        return error_set(err, "'%s' counts as true for spilo, expected 'true' or empty",
                         shown(text).text);
    if (kind == VARIABLE_PATH && !str_starts(text, STR("/")))
        return error_set(err, "'%s' is not an absolute path", shown(text).text);
    if (kind == VARIABLE_URL && str_find(text, STR("@")) >= 0)
        return error_set(err, "names a user, which belongs into a Secret: {secret: {name, key}}");
    if (kind == VARIABLE_URL && str_find(text, STR("://")) < 1)
        return error_set(err, "'%s' is not a URL", shown(text).text);
    return true;
}

static void read_text(const struct variable_reader *reader, const json_t *value)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    struct error err;
    if (reader->row->secret) {
        profile_wrong(reader->profile, reader->key,
                      "holds a secret and is given as text, expected {secret: {name, key}}");
        return;
    }
    autofree char *path = field_path(reader->profile->path, reader->key);
    if (!field_text_valid(text, path, reader->profile->mistakes))
        return;
    if (text.length && !text_fits(reader->row->kind, text, &err)) {
        profile_wrong(reader->profile, reader->key, "%s", err.text);
        return;
    }
    entry_add_value(reader->entries, reader->name, text.data);
}

static const char *reserved_why(const struct reserved *reserved, struct str name)
{
    for (; reserved->name; reserved++)
        if (str_is(name, reserved->name))
            return reserved->why;
    return NULL;
}

/* Whether the profile may set the name; if not, says why. */
static bool name_allowed(const struct variable_reader *reader, bool clone, bool has_endpoint)
{
    struct str name = str_of(reader->name);
    const char *why = reserved_why(clone ? restore_reserved : backup_reserved, name);
    if (reader->row && str_starts(name, STR("CLONE_")) == clone) {
        if (!has_endpoint && str_is(name, "CLONE_WALE_S3_ENDPOINT"))
            why = "is another name of an endpoint, set s3.endpoint too or remove it";
        if (why)
            profile_wrong(reader->profile, reader->key, "%s", why);
        return !why;
    }
    autofree char *nearest = variable_nearest(name, clone);
    const char *what = reader->row ? clone ? "is not a name of a restore, which begin with CLONE_"
                                           : "is a name of a restore, not of a backup"
                                   : "is no variable that spilo reads";
    profile_wrong(reader->profile, reader->key, "%s%s%s%s", what, nearest ? ", did you mean '" : "",
                  nearest ? nearest : ", see docs/variables.md", nearest ? "'" : "");
    return false;
}

void profile_env(const struct profile_reader *reader, const json_t *env, bool clone,
                 bool has_endpoint, struct entry_list *entries)
{
    if (env && !json_is_object(env))
        profile_wrong(reader, "env", "%s is not a mapping of names to texts", field_type_name(env));
    if (json_object_size(env) > ENV_MAX) {
        profile_wrong(reader, "env", "has %zu names, expected at most %d", json_object_size(env),
                      ENV_MAX);
        return;
    }
    json_t *members = field_iterable(env);
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        autofree char *key = field_path("env", shown(str_of(name)).text);
        struct variable_reader variable = {reader, key, name, variable_find(str_of(name)), entries};
        if (!name_allowed(&variable, clone, has_endpoint))
            continue;
        if (json_is_string(value))
            read_text(&variable, value);
        else if (json_is_object(value))
            read_reference(&variable, value);
        else
            profile_wrong(reader, key,
                          "%s is not text (write it in quotes) or {secret: {name, "
                          "key}}",
                          field_type_name(value));
    }
}
