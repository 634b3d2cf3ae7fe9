#include "patches/s3_place.h"

#include "base/mem.h"
#include "patches/shown.h"

static const struct str scheme = STR("s3://");

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether every byte is a letter, a digit or one of `others`. */
static bool consists_of(struct str text, const char *others)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_word(text.data[i]) && !(text.data[i] && strchr(others, text.data[i])))
            return false;
    return true;
}

static bool is_lower_or_digit(char c)
{
    return is_word(c) && !(c >= 'A' && c <= 'Z');
}

bool s3_bucket_valid(struct str bucket, struct error *err)
{
    if (str_find(bucket, STR("://")) >= 0)
        return error_set(err, "'%s' has a scheme, expected the bare name of the bucket",
                         shown(bucket).text);
    if (str_find(bucket, STR("/")) >= 0)
        return error_set(err, "'%s' has a '/', expected the bare name of the bucket",
                         shown(bucket).text);
    bool valid = bucket.length >= 3 && bucket.length <= 63 && consists_of(bucket, "-.") &&
                 is_lower_or_digit(bucket.data[0]) &&
                 is_lower_or_digit(bucket.data[bucket.length - 1]);
    for (size_t i = 0; valid && i < bucket.length; i++)
        valid = !(bucket.data[i] >= 'A' && bucket.data[i] <= 'Z');
    if (!valid)
        return error_set(
            err,
            "'%s' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a letter "
            "or digit at both ends",
            shown(bucket).text);
    return true;
}

bool s3_scope_valid(struct str scope, struct error *err)
{
    if (!scope.length)
        return error_set(err, "is empty, expected the name of the source cluster");
    if (str_find(scope, STR("/")) >= 0)
        return error_set(err, "'%s' has a '/', expected the bare name of the source cluster",
                         shown(scope).text);
    if (!consists_of(scope, "-_."))
        return error_set(err, "'%s' is not a cluster, expected letters, digits, '-', '_' and '.'",
                         shown(scope).text);
    return true;
}

/* What parts of a path have in common: no empty one, no byte that a path in S3 does not need. */
static bool parts_valid(struct str path, struct error *err)
{
    if (str_find(path, STR("//")) >= 0)
        return error_set(err, "'%s' has an empty part ('//')", shown(path).text);
    if (!consists_of(path, "/-_.:=+@~"))
        return error_set(err, "'%s' has a character that is no letter, digit or one of /-_.:=+@~",
                         shown(path).text);
    return true;
}

bool s3_scope_prefix_valid(struct str prefix, struct error *err)
{
    if (str_starts(prefix, STR("/")))
        return error_set(err, "'%s' starts with '/', expected text such as 'namespace-'",
                         shown(prefix).text);
    return parts_valid(prefix, err);
}

bool s3_suffix_valid(struct str suffix, struct error *err)
{
    if (!suffix.length)
        return true;
    if (!str_starts(suffix, STR("/")))
        return error_set(err, "'%s' does not start with '/'", shown(suffix).text);
    if (str_ends(suffix, STR("/")))
        return error_set(err, "'%s' ends with '/', which spilo adds itself", shown(suffix).text);
    if (str_ends(suffix, STR("/wal")))
        return error_set(err, "'%s' ends with '/wal', which spilo adds itself", shown(suffix).text);
    return parts_valid(suffix, err);
}

static struct str drop_end(struct str text, struct str end)
{
    return str_ends(text, end) ? (struct str){text.data, text.length - end.length} : text;
}

/* The last part of a path; the whole of it when it has only one. */
static struct str last_part(struct str path)
{
    size_t start = path.length;
    while (start && path.data[start - 1] != '/')
        start--;
    return str_skip(path, start);
}

struct str s3_prefix_path(struct str prefix)
{
    struct str path = str_starts(prefix, scheme) ? str_skip(prefix, scheme.length) : prefix;
    if (!path.length)
        return STR("");
    while (str_ends(path, STR("/")))
        path.length--;
    struct str version = last_part(path);
    uint64_t number;
    struct str above = {path.data, path.length - version.length};
    if (str_number(version, &number) && str_ends(above, STR("/wal/")))
        path = drop_end(above, STR("/"));
    return drop_end(path, STR("/wal"));
}

struct str s3_prefix_scope(struct str prefix)
{
    struct str path = s3_prefix_path(prefix);
    long spilo = str_find(path, STR("/spilo/"));
    if (spilo < 0)
        return last_part(path);
    struct str scope = str_skip(path, (size_t)spilo + strlen("/spilo/"));
    long end = str_find(scope, STR("/"));
    return end < 0 ? scope : (struct str){scope.data, (size_t)end};
}

bool s3_prefix_valid(struct str prefix, struct error *err)
{
    if (!str_starts(prefix, scheme))
        return error_set(err, "'%s' does not start with 's3://'", shown(prefix).text);
    struct str path = s3_prefix_path(prefix);
    long slash = str_find(path, STR("/"));
    struct str bucket = {path.data, slash < 0 ? path.length : (size_t)slash};
    if (!s3_bucket_valid(bucket, err))
        return false;
    if (slash < 0)
        return error_set(err, "'%s' has no path, expected 's3://bucket/path/wal'",
                         shown(prefix).text);
    return parts_valid(path, err) && s3_scope_valid(s3_prefix_scope(prefix), err);
}

bool s3_region_valid(struct str region, struct error *err)
{
    if (!region.length)
        return error_set(err, "is empty, expected a region such as 'eu-central-1'");
    if (region.length > 64 || !consists_of(region, "-_"))
        return error_set(err, "'%s' is not a region, expected one such as 'eu-central-1'",
                         shown(region).text);
    return true;
}

bool s3_endpoint_valid(struct str endpoint, struct error *err)
{
    struct str host = STR_NONE;
    if (str_starts(endpoint, STR("http://")))
        host = str_skip(endpoint, strlen("http://"));
    else if (str_starts(endpoint, STR("https://")))
        host = str_skip(endpoint, strlen("https://"));
    if (str_find(endpoint, STR("@")) >= 0) /* what stands before it may be a password */
        return error_set(err, "names a user, expected 'https://host' without one");
    if (!host.length || !consists_of(host, "-.:[]") ||
        !(is_word(host.data[0]) || host.data[0] == '['))
        return error_set(err,
                         "'%s' is not an endpoint, expected 'http://host' or 'https://host:port'",
                         shown(endpoint).text);
    return true;
}

bool s3_timeline_valid(struct str timeline, struct error *err)
{
    uint64_t number;
    if (str_is(timeline, "latest") || str_is(timeline, "current"))
        return true;
    if (!str_number(timeline, &number) || number < 1 || number > UINT32_MAX)
        return error_set(err,
                         "'%s' is not a timeline, expected 'latest', 'current' or a number from 1",
                         shown(timeline).text);
    return true;
}

char *s3_path(struct str bucket, struct str scope_prefix, struct str scope, struct str suffix)
{
    return xasprintf("%.*s/spilo/%.*s%.*s%.*s", STR_ARG(bucket), STR_ARG(scope_prefix),
                     STR_ARG(scope), STR_ARG(suffix));
}
