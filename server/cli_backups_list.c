#include "server/cli_backups.h"

#include "base/mem.h"
#include "patches/s3_place.h"
#include "server/archive/collect.h"
#include "server/archive/judge.h"
#include "server/archive/render.h"
#include "server/archive/render_found.h"
#include "server/archive/render_text.h"
#include "server/cli_place.h"
#include "server/command.h"

#include <stdio.h>
#include <time.h>

static const struct option_row list_options[] = {
    {"bucket", "B", false, "the bucket: its name, s3://B, s3://B/FOLDER, or a folder ./DIR"},
    {"prefix", "PLACE", false, "one archive: s3://bucket/.../wal/VERSION, or a folder"},
    {"json", NULL, false, "print the result as JSON, one line"},
    CLI_PLACE_OPTIONS,
    {0},
};

const struct command_help backups_list_help = {
    .name = "backups list",
    .synopsis = "--bucket B | --prefix PLACE [OPTION...]",
    .about =
        "With --bucket, finds the archives of WAL-G in a bucket: of which cluster, with which uid\n"
        "and version, how new; the newest last. Prints for each the restore ConfigMap, or the\n"
        "profile, that restores from it, ready to paste. A bare word is the name of a bucket; a\n"
        "folder that stands for one has a '/' in it. Only folders are listed, never all WAL.\n"
        "\n"
        "With --prefix, lists the backups of one archive; 'backups verify' says what is wrong.\n"
        "\n"
        "Exit status: 0 something was found; 4 nothing; 1 could not tell; 2 usage.\n",
    .options = list_options,
    .examples =
        "  harbor-pg-webhook backups list --bucket harbor-db-backups --region eu-central-1\n"
        "  harbor-pg-webhook backups list --bucket ./copy-of-the-bucket --region eu-central-1\n"
        "  harbor-pg-webhook backups list --region eu-central-1 \\\n"
        "    --prefix s3://harbor-db-backups/spilo/postgresql-harbor-harbor/99e85b8a/wal/15\n",
};

static void print(struct buf *out)
{
    fputs(buf_str(out).data, stdout);
    buf_clear(out);
}

/* ---- --prefix ---- */

/* Nothing is an archive at this place; it may be above one. */
static void say_where_to_look(const char *prefix)
{
    struct str scheme = STR("s3://");
    struct str place = str_of(prefix);
    bool s3 = str_starts(place, scheme);
    place = s3 ? str_skip(place, scheme.length) : place;
    long slash = str_find(place, STR("/"));
    if (s3 && slash >= 0)
        place.length = (size_t)slash;
    cleanup(buf_clear) struct buf bucket = BUF(RENDER_MAX);
    buf_add_text(&bucket, s3 || slash >= 0 ? "" : "./");
    render_clean(&bucket, place);
    fprintf(stderr,
            PROGRAM ": no archive of WAL-G is right here: "
                    "'backups list --bucket %s' finds those %s\n",
            buf_str(&bucket).data, s3 ? "of the bucket" : "below it");
}

static int list_backups(const struct options *options, struct source *source)
{
    struct facts facts;
    struct report report;
    struct buf out = BUF(RENDER_MAX);
    const struct judge_options judge_options = {.now = time(NULL)};
    const struct render_style style = {command_colour(), command_width()};
    collect(source, &facts);
    judge(&facts, source_name(source), &judge_options, &report);
    if (options_has(options, "json"))
        render_json(&report, &out);
    else
        render_backups(&report, style, &out);
    print(&out);
    int result = report.backup_count ? COMMAND_FINE : COMMAND_FINDINGS;
    if (!report.backup_count && report_count(&report, FINDING_UNKNOWN))
        result =
            command_failed("could not tell which backups there are: 'backups verify' says why");
    else if (!facts.backup_count && !report.wal_segments)
        say_where_to_look(source_name(source));
    report_done(&report);
    facts_done(&facts);
    return result;
}

/* ---- --bucket ---- */

/* What --bucket means; texts owned. */
struct bucket {
    char *prefix; /* for the source */
    char *name;   /* "" when a folder's name is none of a bucket */
    char *path;   /* below it */
};

static void bucket_done(struct bucket *bucket)
{
    free(bucket->prefix);
    free(bucket->name);
    free(bucket->path);
}

static struct str without_slashes(struct str text)
{
    while (str_ends(text, STR("/")))
        text.length--;
    return text;
}

/* The last part of a folder's path, if a bucket can be named so. */
static struct str folder_bucket(struct str folder)
{
    struct error unused;
    struct str rest = without_slashes(folder);
    size_t at = rest.length;
    while (at > 0 && rest.data[at - 1] != '/')
        at--;
    struct str name = str_skip(rest, at);
    return s3_bucket_valid(name, &unused) ? name : STR("");
}

static bool bucket_read(const char *text, struct bucket *ret, struct error *err)
{
    struct str scheme = STR("s3://");
    struct str whole = str_of(text);
    if (!str_starts(whole, scheme) && str_find(whole, STR("/")) >= 0) {
        struct str name = folder_bucket(whole);
        *ret = (struct bucket){xstrdup(text), xstrndup(name.data, name.length), xstrdup("")};
        return true;
    }
    struct str rest = str_starts(whole, scheme) ? str_skip(whole, scheme.length) : whole;
    rest = without_slashes(rest);
    long slash = str_find(rest, STR("/"));
    struct str name = {rest.data, slash < 0 ? rest.length : (size_t)slash};
    struct str path = slash < 0 ? STR("") : str_skip(rest, name.length + 1);
    if (!s3_bucket_valid(name, err))
        return error_wrap(err, "--bucket");
    *ret = (struct bucket){xasprintf("s3://%.*s", STR_ARG(rest)), xstrndup(name.data, name.length),
                           xstrndup(path.data, path.length)};
    return true;
}

/* A folder and why, both of them any bytes. */
static void say_not_read(const char *text)
{
    cleanup(buf_clear) struct buf clean = BUF(RENDER_MAX);
    render_clean(&clean, str_of(text));
    fprintf(stderr, PROGRAM ": could not look into %s\n", buf_str(&clean).data);
}

/* Says on stderr what was not looked at, and gives the result. */
static int found_result(const struct found *found)
{
    for (size_t i = 0; i < found->not_read.count; i++)
        say_not_read(found->not_read.items[i]);
    if (found->not_read.dropped)
        fprintf(stderr, PROGRAM ": and into %zu more\n", found->not_read.dropped);
    if (found->cut)
        fprintf(stderr, PROGRAM ": the bucket has more folders than were looked into: name the "
                                "one with the archives, as in --bucket s3://B/FOLDER\n");
    if (found->not_read.count || (found->cut && !found->count))
        return COMMAND_FAILED;
    if (found->count)
        return COMMAND_FINE;
    fprintf(stderr, PROGRAM ": no archive of WAL-G is here: look into the other buckets that the "
                            "cluster could write to\n");
    return COMMAND_FINDINGS;
}

static int list_archives(const struct options *options, const struct bucket *bucket,
                         const struct source_place *place, struct source *source)
{
    struct found found;
    struct buf out = BUF(RENDER_MAX);
    bool s3 = str_starts(str_of(bucket->prefix), STR("s3://"));
    const struct found_where where = {
        .shown = bucket->prefix,
        .bucket = bucket->name,
        .path = bucket->path,
        .region = cli_region(place),
        .endpoint = s3 ? cli_endpoint(place) : options_get(options, "endpoint", ""),
    };
    find_archives(source, &found);
    if (options_has(options, "json"))
        render_found_json(&found, &where, &out);
    else
        render_found(&found, &where, &out);
    print(&out);
    int result = found_result(&found);
    found_done(&found);
    return result;
}

/* ---- both ---- */

static int list(const struct options *options, const struct bucket *bucket)
{
    struct error err;
    struct source *source;
    const char *prefix = options_get(options, "prefix", bucket->prefix);
    struct source_place place = cli_place(options, prefix);
    if (!cli_place_complete(&place, "prefix", &err))
        return command_usage_error(backups_list_help.name, err.text);
    if (!source_open(&place, &source, &err))
        return command_failed(err.text);
    int result = bucket->prefix ? list_archives(options, bucket, &place, source)
                                : list_backups(options, source);
    source_close(source);
    return result;
}

int cli_backups_list(int argc, char **argv)
{
    int result;
    struct error err;
    cleanup(options_done) struct options options = {0};
    cleanup(bucket_done) struct bucket bucket = {0};
    if (!command_options(&backups_list_help, argc, argv, 0, &options, &result))
        return result;
    const char *name = options_value(&options, "bucket", 0);
    if (!name == !options_has(&options, "prefix"))
        return command_usage_error(backups_list_help.name,
                                   "expected one of --bucket and --prefix: where to look");
    if (name && !bucket_read(name, &bucket, &err))
        return command_usage_error(backups_list_help.name, err.text);
    return list(&options, &bucket);
}
