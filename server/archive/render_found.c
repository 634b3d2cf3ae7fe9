#include "server/archive/render_found.h"

#include "base/mem.h"
#include "server/archive/render.h"
#include "server/archive/render_member.h"
#include "server/archive/render_text.h"

/* The place of an archive; the texts live in *path, which the caller frees. */
static struct archive_place place_of(const struct found_archive *archive,
                                     const struct found_where *where, char **path)
{
    struct archive_place place = {.region = str_of(where->region),
                                  .endpoint = str_of(where->endpoint)};
    *path = xasprintf("%s%s%s", where->path, where->path[0] && archive->path[0] ? "/" : "",
                      archive->path);
    place_read(&place, str_of(where->bucket), str_of(*path));
    return place;
}

static void add_newest(struct buf *out, const char *what, const char *name, int64_t time)
{
    buf_addf(out, "# %s: ", what);
    if (!name) {
        buf_add_text(out, "none\n");
        return;
    }
    buf_addf(out, "%s of ", name);
    render_time(out, time);
    buf_add_text(out, " UTC\n");
}

static const char *why_no_configmap(const struct archive_place *place)
{
    if (place->scope.data)
        return "a store with an endpoint needs a literal profile: a profile in the chart's values, "
               "no ConfigMap";
    if (place->bucket.length && !place->path.length)
        return "it lies in the root of the bucket, which no profile can name: copy it below "
               "a folder .../wal first";
    return "spilo makes no such path, so it needs a literal profile: a profile in the chart's "
           "values, no ConfigMap";
}

static void add_head(struct buf *out, const struct found_archive *archive,
                     const struct found_where *where, const struct archive_place *place)
{
    buf_add_text(out, "# ");
    render_clean(out, str_of(where->shown));
    buf_add_char(out, '/');
    render_clean(out, str_of(archive->path));
    buf_add_char(out, '\n');
    if (place->scope.data) {
        struct str uid = str_skip(place->suffix, 1);
        buf_addf(out, "# scope %.*s, ", STR_ARG(place->scope));
        if (uid.length)
            buf_addf(out, "uid %.*s", STR_ARG(uid));
        else
            buf_add_text(out, "no uid");
        buf_addf(out, ", PostgreSQL %.*s\n", STR_ARG(place->version));
    }
    buf_addf(out, "# backups: %zu\n", archive->backups);
    add_newest(out, "newest backup", archive->newest_backup, archive->backup_time);
    add_newest(out, "newest WAL", archive->newest_wal, archive->wal_time);
    if (!archive->backups)
        buf_add_text(out, "# without a backup nothing can be restored from here\n");
    else if (!place_fits_configmap(place))
        buf_addf(out, "# %s\n", why_no_configmap(place));
}

void render_found(const struct found *found, const struct found_where *where, struct buf *out)
{
    for (size_t i = 0; i < found->count; i++) {
        autofree char *path = NULL;
        struct archive_place place = place_of(&found->archives[i], where, &path);
        if (i)
            buf_add_text(out, "---\n");
        add_head(out, &found->archives[i], where, &place);
        place_yaml(&place, out);
    }
}

static void add_slice(struct buf *out, const char *key, struct str text)
{
    autofree char *copy = text.length ? xstrndup(text.data, text.length) : NULL;
    render_member_text(out, key, copy);
}

static void add_archive(struct buf *out, const struct found_archive *archive,
                        const struct found_where *where)
{
    autofree char *path = NULL;
    struct archive_place place = place_of(archive, where, &path);
    autofree char *prefix = xasprintf("%s/%s", where->shown, archive->path);
    buf_add_char(out, '{');
    render_member_text(out, "prefix", prefix);
    add_slice(out, "scope", place.scope);
    add_slice(out, "uid", str_skip(place.suffix, 1));
    add_slice(out, "version", place.version);
    buf_addf(out, ",\"backups\":%zu", archive->backups);
    render_member_text(out, "newestBackup", archive->newest_backup);
    render_member_time(out, "newestBackupTime", archive->backup_time);
    render_member_text(out, "newestWal", archive->newest_wal);
    render_member_time(out, "newestWalTime", archive->wal_time);
    buf_add_char(out, ',');
    place_json(&place, out);
    buf_add_char(out, '}');
}

void render_found_json(const struct found *found, const struct found_where *where, struct buf *out)
{
    buf_add_char(out, '{');
    render_member_text(out, "bucket", where->shown);
    buf_addf(out, ",\"complete\":%s,\"archives\":[",
             found->cut || found->not_read.count ? "false" : "true");
    for (size_t i = 0; i < found->count; i++) {
        buf_add_text(out, i ? "," : "");
        add_archive(out, &found->archives[i], where);
    }
    buf_add_text(out, "]}\n");
}
