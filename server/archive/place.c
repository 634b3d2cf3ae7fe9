#include "server/archive/place.h"

#include "base/mem.h"
#include "patches/policy.h"
#include "patches/s3_place.h"
#include "server/archive/render_text.h"

#define SPILO "spilo/"

static bool is_version(struct str text)
{
    uint64_t number;
    return text.length <= 3 && str_number(text, &number);
}

/* What is before the last "/", and what is behind it. */
static struct str cut_last(struct str path, struct str *ret_last)
{
    size_t at = path.length;
    while (at > 0 && path.data[at - 1] != '/')
        at--;
    *ret_last = str_skip(path, at);
    return (struct str){path.data, at ? at - 1 : 0};
}

/* Takes "/wal/<version>" or "/wal" off the path; false when it ends in neither: then a number at
 * its end is no version. */
static bool cut_wal(struct str *path, struct str *ret_version)
{
    struct str last, version = STR("");
    struct str before = cut_last(*path, &last);
    if (is_version(last)) {
        version = last;
        before = cut_last(before, &last);
    }
    *ret_version = STR("");
    if (!str_is(last, "wal"))
        return false;
    *ret_version = version;
    *path = before;
    return true;
}

void place_read(struct archive_place *place, struct str bucket, struct str path)
{
    struct error unused;
    struct str rest = path;
    place->bucket = bucket;
    place->path = path;
    place->scope = STR_NONE;
    place->suffix = STR("");
    bool wal = cut_wal(&rest, &place->version);
    if (!wal || !place->version.length || !str_starts(rest, STR(SPILO)))
        return;
    rest = str_skip(rest, strlen(SPILO));
    long slash = str_find(rest, STR("/"));
    struct str scope = {rest.data, slash < 0 ? rest.length : (size_t)slash};
    struct str suffix = str_skip(rest, scope.length);
    if (!s3_scope_valid(scope, &unused) || (suffix.length && !s3_suffix_valid(suffix, &unused)))
        return;
    place->scope = scope;
    place->suffix = suffix;
}

bool place_fits_configmap(const struct archive_place *place)
{
    return place->scope.data && !place->endpoint.length;
}

/* The prefix of a profile: spilo looks for the versions below ".../wal" by itself. "" when a folder
 * that stands for the bucket does not tell it. */
static char *prefix_of(const struct archive_place *place)
{
    if (!place->bucket.length)
        return xstrdup("");
    struct str path = place->path;
    if (place->version.length)
        path.length -= strlen("/") + place->version.length;
    struct buf text = BUF(4096);
    buf_addf(&text, "s3://%.*s/", STR_ARG(place->bucket));
    render_clean(&text, path);
    return buf_take(&text);
}

static void add_field(struct buf *out, const char *before, const char *key, struct str value)
{
    buf_addf(out, "%s%s: ", before, key);
    buf_add_json_string(out, value);
}

static const char no_bucket[] = "   # fill in: the bucket's name";
static const char no_prefix[] = "   # fill in: s3://BUCKET/.../wal, without the version";
static const char no_region[] = "   # fill in: the bucket's region";

/* A line of YAML, with what is to be done when the value is not known. */
static void add_line(struct buf *out, const char *before, const char *key, struct str value,
                     const char *when_empty)
{
    add_field(out, before, key, value);
    buf_add_text(out, value.length ? "" : when_empty);
}

static void add_configmap(const struct archive_place *place, struct buf *out)
{
    buf_add_text(out, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " POLICY_CONFIG_NAME
                      "}\ndata:");
    add_field(out, "\n  ", "CLONE_SCOPE", place->scope);
    add_line(out, "\n  ", "CLONE_WAL_S3_BUCKET", place->bucket, no_bucket);
    add_field(out, "\n  ", "CLONE_WAL_BUCKET_SCOPE_SUFFIX", place->suffix);
    add_line(out, "\n  ", "CLONE_AWS_REGION", place->region, no_region);
    buf_add_char(out, '\n');
}

static void add_profile(const struct archive_place *place, struct buf *out)
{
    buf_add_text(out, "restoreProfiles:\n  found:\n    s3:");
    if (place->scope.data) {
        add_line(out, "\n      ", "bucket", place->bucket, no_bucket);
        add_field(out, "\n      ", "scope", place->scope);
        add_field(out, "\n      ", "suffix", place->suffix);
    } else {
        autofree char *prefix = prefix_of(place);
        add_line(out, "\n      ", "prefix", str_of(prefix), no_prefix);
    }
    add_line(out, "\n      ", "region", place->region, no_region);
    if (place->endpoint.length)
        add_field(out, "\n      ", "endpoint", place->endpoint);
    buf_add_text(out, "\n    credentials:\n      secret: {name: " POLICY_CONFIG_NAME
                      ", accessKeyId: CLONE_AWS_ACCESS_KEY_ID, secretAccessKey: "
                      "CLONE_AWS_SECRET_ACCESS_KEY}\n");
}

void place_yaml(const struct archive_place *place, struct buf *out)
{
    if (place_fits_configmap(place))
        add_configmap(place, out);
    else
        add_profile(place, out);
}

static void add_member(struct buf *out, const char *before, const char *key, struct str value)
{
    buf_addf(out, "%s\"%s\":", before, key);
    buf_add_json_string(out, value);
}

void place_json(const struct archive_place *place, struct buf *out)
{
    if (place_fits_configmap(place)) {
        add_member(out, "\"configMap\":{", "CLONE_SCOPE", place->scope);
        add_member(out, ",", "CLONE_WAL_S3_BUCKET", place->bucket);
        add_member(out, ",", "CLONE_WAL_BUCKET_SCOPE_SUFFIX", place->suffix);
        add_member(out, ",", "CLONE_AWS_REGION", place->region);
        buf_add_text(out, "},\"profile\":null");
        return;
    }
    buf_add_text(out, "\"configMap\":null,\"profile\":{\"s3\":{");
    if (place->scope.data) {
        add_member(out, "", "bucket", place->bucket);
        add_member(out, ",", "scope", place->scope);
        add_member(out, ",", "suffix", place->suffix);
    } else {
        autofree char *prefix = prefix_of(place);
        add_member(out, "", "prefix", str_of(prefix));
    }
    add_member(out, ",", "region", place->region);
    if (place->endpoint.length)
        add_member(out, ",", "endpoint", place->endpoint);
    buf_add_text(out, "}}");
}
