#include "patches/profile_values.h"

#include "base/mem.h"
#include "patches/shown.h"

#include <stdarg.h>
#include <stdio.h>

void profile_missing(const struct profile_reader *reader, const char *key, const char *text)
{
    strlist_addf(&reader->problems->missing, "%s.%s: missing, expected %s", reader->path, key,
                 text);
}

void profile_wrong(const struct profile_reader *reader, const char *key, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    strlist_addf(&reader->problems->wrong, "%s.%s: %s", reader->path, key, text);
}

bool profile_is_sound(const struct profile_problems *problems)
{
    return !problems->missing.count && !problems->wrong.count;
}

void profile_check(const struct profile_reader *reader, const struct value_check *checks,
                   const void *fields)
{
    for (const struct value_check *check = checks; check->key; check++) {
        const char *const *member = (const void *)((const char *)fields + check->offset);
        struct str text = str_of(*member);
        bool absent = check->may_be_empty ? !text.data : !text.length;
        struct error err;
        if (absent && check->missing)
            profile_missing(reader, check->key, check->missing);
        else if (!absent && !check->valid(text, &err))
            profile_wrong(reader, check->key, "%s", err.text);
    }
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A DNS-1123 subdomain (RFC 1123), as Kubernetes names most objects. */
static bool is_object_name(struct str name)
{
    if (!name.length || name.length > 253 || !is_lower_or_digit(name.data[0]) ||
        !is_lower_or_digit(name.data[name.length - 1]))
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!is_lower_or_digit(name.data[i]) && name.data[i] != '-' && name.data[i] != '.')
            return false;
    return true;
}

/* The texts below could be a key that was put into the wrong place, so no message shows them. */
bool profile_secret_name_valid(struct str name, struct error *err)
{
    if (is_object_name(name))
        return true;
    return error_set(err, "is not the name of a Secret, expected a-z, 0-9, '-' and '.' (keys are "
                          "given only by reference)");
}

bool profile_secret_key_valid(struct str key, struct error *err)
{
    bool valid = key.length <= 253;
    for (size_t i = 0; valid && i < key.length; i++)
        valid = is_lower_or_digit(key.data[i]) || (key.data[i] >= 'A' && key.data[i] <= 'Z') ||
                strchr("-_.", key.data[i]);
    if (valid)
        return true;
    return error_set(err, "is not a key in a Secret, expected letters, digits, '-', '_' and '.' "
                          "(keys are given only by reference)");
}

static bool role_valid(struct str role, struct error *err)
{
    if (str_starts(role, STR("arn:")) && str_find(role, STR(":role/")) > 0 &&
        str_find(role, STR(" ")) < 0)
        return true;
    return error_set(err, "'%s' is not a role, expected 'arn:aws:iam::<account>:role/<name>'",
                     shown(role).text);
}

static bool file_valid(struct str path, struct error *err)
{
    if (str_starts(path, STR("/")))
        return true;
    return error_set(err, "'%s' is not an absolute path", shown(path).text);
}

static const struct value_check secret_checks[] = {
    {"credentials.secret.name", offsetof(struct secret_fields, name), profile_secret_name_valid,
     "the name of a Secret in the pod's namespace"},
    {"credentials.secret.accessKeyId", offsetof(struct secret_fields, access_key_id),
     profile_secret_key_valid, "the key in the Secret that holds the access key"},
    {"credentials.secret.secretAccessKey", offsetof(struct secret_fields, secret_access_key),
     profile_secret_key_valid, "the key in the Secret that holds the secret key"},
    {NULL},
};

static const struct value_check identity_checks[] = {
    {"credentials.workloadIdentity.roleArn", offsetof(struct identity_fields, role_arn), role_valid,
     "'arn:aws:iam::<account>:role/<name>'"},
    {"credentials.workloadIdentity.webIdentityTokenFile",
     offsetof(struct identity_fields, token_file), file_valid,
     "the file with the pod's token, an absolute path in the container"},
    {NULL},
};

/* Reads one way to the keys; a text in the place of the mapping may be a key itself. */
static void read_way(const struct profile_reader *reader, const char *key, const json_t *tree,
                     const struct field *fields, const struct value_check *checks, void *ret)
{
    if (!json_is_object(tree)) {
        profile_wrong(reader, key, "%s is not a mapping, keys are given only by reference",
                      field_type_name(tree));
        return;
    }
    autofree char *path = field_path(reader->path, key);
    fields_read(fields, tree, path, ret, reader->mistakes);
    profile_check(reader, checks, ret);
}

void profile_credentials(const struct profile_reader *reader,
                         const struct credential_fields *fields, struct credentials *ret)
{
    *ret = (struct credentials){0};
    if (fields->secret)
        read_way(reader, "credentials.secret", fields->secret, policy_secret_fields, secret_checks,
                 &ret->secret);
    if (fields->workload_identity)
        read_way(reader, "credentials.workloadIdentity", fields->workload_identity,
                 policy_identity_fields, identity_checks, &ret->identity);
    if (fields->secret && fields->workload_identity)
        profile_wrong(reader, "credentials",
                      "has both secret and workloadIdentity, expected one of them");
    if (!fields->secret && !fields->workload_identity)
        profile_missing(reader, "credentials",
                        "secret: {name, accessKeyId, secretAccessKey} or workloadIdentity: "
                        "{roleArn, webIdentityTokenFile}");
}

void credentials_done(struct credentials *credentials)
{
    fields_done(policy_secret_fields, &credentials->secret);
    fields_done(policy_identity_fields, &credentials->identity);
}

static void check_cluster_names(const struct profile_reader *reader, const char *key,
                                const struct strlist *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!is_object_name(str_of(names->items[i])))
            profile_wrong(reader, key,
                          "'%s' is not the name of a HarborCluster or resource, expected a-z, 0-9, "
                          "'-' and '.'",
                          shown(str_of(names->items[i])).text);
}

/* The list form of `clusters`, read as every other list is. */
static void read_names(const struct profile_reader *reader, const json_t *clusters,
                       struct strlist *ret)
{
    static const struct field list[] = {{"clusters", FIELD_LIST, 0}, {NULL}};
    json_t *mapping = json_object();
    json_object_set(mapping, "clusters", field_iterable(clusters));
    fields_read(list, mapping, reader->path, ret, reader->mistakes);
    json_decref(mapping);
    if (!json_array_size(clusters))
        profile_wrong(reader, "clusters",
                      "an empty list covers no cluster, expected 'harbor', "
                      "'all' or names");
    check_cluster_names(reader, "clusters", ret);
}

void profile_clusters(const struct profile_reader *reader, struct profile_fields *fields,
                      struct cluster_filter *ret)
{
    struct str word = str_of(json_string_value(fields->clusters));
    *ret = (struct cluster_filter){.coverage = COVERAGE_HARBOR, .except = fields->except};
    fields->except = (struct strlist){0};
    check_cluster_names(reader, "except", &ret->except);
    if (json_is_array(fields->clusters)) {
        ret->coverage = COVERAGE_LISTED;
        read_names(reader, fields->clusters, &ret->names);
    } else if (str_is(word, "all")) {
        ret->coverage = COVERAGE_ALL;
    } else if (fields->clusters && !str_is(word, "harbor")) {
        profile_wrong(reader, "clusters", "%s%s%s is not 'harbor', 'all' or a list of names",
                      word.data ? "'" : "",
                      word.data ? shown(word).text : field_type_name(fields->clusters),
                      word.data ? "'" : "");
    }
}

bool profile_own_archive(const struct profile_reader *reader, const struct profile_fields *fields)
{
    struct str word = str_of(fields->own_archive);
    if (word.length && !str_is(word, "verified"))
        profile_wrong(reader, "ownArchive", "'%s' is not 'verified' or empty", shown(word).text);
    return str_is(word, "verified");
}
