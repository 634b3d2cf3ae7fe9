#include "patches/archive.h"

#define PATH_MAX_BYTES 16384

/* Stores that are not S3: their path is not compared with an S3 clone's. */
static const char *const other_stores[] = {
    "WAL_GCS_BUCKET", "WAL_GS_BUCKET",  "WAL_SWIFT_BUCKET",  "WALE_GS_PREFIX",  "WALE_GCS_PREFIX",
    "WALG_GS_PREFIX", "WALG_AZ_PREFIX", "WALE_SWIFT_PREFIX", "WALG_SSH_PREFIX",
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Takes "/wal" or "/wal/<digits and dots>" off the end. */
static struct str without_wal(struct str path)
{
    size_t length = path.length;
    while (length && ((path.data[length - 1] >= '0' && path.data[length - 1] <= '9') ||
                      path.data[length - 1] == '.'))
        length--;
    struct str start = {path.data, length};
    if (length < path.length && str_ends(start, STR("/wal/")))
        return (struct str){path.data, length - 5};
    return str_ends(path, STR("/wal")) ? (struct str){path.data, path.length - 4} : path;
}

void archive_path_add(struct buf *path, struct str prefix)
{
    long scheme = str_find(prefix, STR("://"));
    if (scheme >= 0)
        prefix = str_skip(prefix, (size_t)scheme + 3);
    struct buf plain = BUF(PATH_MAX_BYTES);
    bool bucket = true;
    for (size_t i = 0; i < prefix.length; i++) {
        char c = prefix.data[i];
        bool doubled = c == '/' && (!plain.length || plain.data[plain.length - 1] == '/');
        if (doubled)
            continue;
        bucket = bucket && c != '/';
        buf_add_char(&plain, bucket ? lower(c) : c);
    }
    struct str text = buf_str(&plain);
    while (text.length && text.data[text.length - 1] == '/')
        text.length--;
    buf_add(path, without_wal(text));
    buf_clear(&plain);
}

/* Resolves a name that the path is made of. Returns false, and says so in the archive, when it
 * cannot be known. */
static bool read_part(const struct pod *pod, const char *name, struct buf *text,
                      struct archive *archive)
{
    if (env_resolve(&pod->env, name, text) != ENV_UNKNOWN)
        return true;
    archive->state = ARCHIVE_UNKNOWN;
    archive->unknown = name;
    return false;
}

/* The start of the folder's name: WAL_BUCKET_SCOPE_PREFIX when it is set, even to nothing, else
 * "<namespace>-" but for "default". */
static bool read_scope_prefix(const struct pod *pod, struct buf *text, struct archive *archive)
{
    if (env_has(&pod->env, STR("WAL_BUCKET_SCOPE_PREFIX")) || pod->env.has_env_from)
        return read_part(pod, "WAL_BUCKET_SCOPE_PREFIX", text, archive);
    const char *source = env_has(&pod->env, STR("NAMESPACE")) ? "NAMESPACE" : "POD_NAMESPACE";
    if (str_is(str_of(source), "POD_NAMESPACE") &&
        !env_is_set(&pod->env, "DCS_ENABLE_KUBERNETES_API"))
        return true;
    if (!read_part(pod, source, text, archive))
        return false;
    if (str_is(buf_str(text), "default"))
        buf_clear(text);
    if (text->length)
        buf_add_char(text, '-');
    return true;
}

/* An explicit prefix wins over bucket and scope. Returns whether it settled the matter. */
static bool read_explicit(const struct pod *pod, struct archive *archive)
{
    static const char *const names[] = {"WALG_S3_PREFIX", "WALE_S3_PREFIX"};
    for (size_t i = 0; i < 2; i++) {
        struct buf prefix = BUF(PATH_MAX_BYTES);
        bool known = read_part(pod, names[i], &prefix, archive);
        bool set = prefix.length > 0;
        struct buf path = BUF(PATH_MAX_BYTES);
        archive_path_add(&path, buf_str(&prefix));
        buf_clear(&prefix);
        if (known && set && archive->path.length &&
            !str_equal(buf_str(&path), buf_str(&archive->path))) {
            archive->state = ARCHIVE_UNKNOWN; /* two prefixes that disagree */
            archive->unknown = names[i];
            known = false;
        }
        if (known && set) {
            buf_clear(&archive->path);
            archive->path = path;
            archive->state = ARCHIVE_KNOWN;
        } else {
            buf_clear(&path);
        }
        if (!known)
            return true;
    }
    return archive->state != ARCHIVE_OFF;
}

/* s3://<bucket>/spilo/<prefix><scope><suffix>/wal/<version> */
static void read_bucket(const struct pod *pod, struct archive *archive)
{
    struct buf bucket = BUF(PATH_MAX_BYTES);
    struct buf prefix = BUF(PATH_MAX_BYTES);
    struct buf scope = BUF(PATH_MAX_BYTES);
    struct buf path = BUF(PATH_MAX_BYTES);
    bool known = read_part(pod, "WAL_S3_BUCKET", &bucket, archive);
    bool on = !known || bucket.length > 0;
    bool suffix_known =
        on && env_resolve(&pod->env, "WAL_BUCKET_SCOPE_SUFFIX", &archive->suffix) != ENV_UNKNOWN;
    if (on && !suffix_known) {
        buf_clear(&archive->suffix);
        archive->state = ARCHIVE_UNKNOWN;
        archive->unknown = "WAL_BUCKET_SCOPE_SUFFIX";
    }
    if (known && on && suffix_known && read_scope_prefix(pod, &prefix, archive) &&
        read_part(pod, "SCOPE", &scope, archive)) {
        buf_add(&path, buf_str(&bucket));
        buf_add_text(&path, "/spilo/");
        buf_add(&path, buf_str(&prefix));
        buf_add(&path, buf_str(&scope));
        buf_add(&path, buf_str(&archive->suffix));
        archive_path_add(&archive->path, buf_str(&path));
        archive->state = ARCHIVE_KNOWN;
    }
    buf_clear(&bucket);
    buf_clear(&prefix);
    buf_clear(&scope);
    buf_clear(&path);
}

void archive_read(const struct pod *pod, struct archive *ret)
{
    *ret = (struct archive){.path = BUF(PATH_MAX_BYTES), .suffix = BUF(PATH_MAX_BYTES)};
    ret->has_endpoint =
        env_is_set(&pod->env, "AWS_ENDPOINT") || env_is_set(&pod->env, "WALE_S3_ENDPOINT");
    for (size_t i = 0; i < sizeof(other_stores) / sizeof(*other_stores); i++)
        if (env_is_set(&pod->env, other_stores[i])) {
            ret->state = ARCHIVE_UNKNOWN;
            ret->unknown = other_stores[i];
            return;
        }
    if (!read_explicit(pod, ret))
        read_bucket(pod, ret);
}

void archive_done(struct archive *archive)
{
    buf_clear(&archive->path);
    buf_clear(&archive->suffix);
}

/* "/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx": what the operator writes for its own bucket. */
static bool is_uid_suffix(struct str suffix)
{
    static const char form[] = "/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (suffix.length != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < suffix.length; i++) {
        char c = lower(suffix.data[i]);
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (form[i] == 'x' ? !hex : c != form[i])
            return false;
    }
    return true;
}

static bool is_generation(const struct policy *policy, struct str suffix)
{
    for (size_t i = 0; i < policy->backup_count; i++)
        if (policy->backups[i].suffix && suffix.length && str_is(suffix, policy->backups[i].suffix))
            return true;
    return false;
}

/* What is unproven about the own archive, or NULL when the clone's source is safe. */
static const char *unproven(const struct policy *policy, const struct restore_profile *profile,
                            const struct archive *archive)
{
    if (profile->own_archive_verified || archive->state == ARCHIVE_OFF)
        return NULL;
    if (archive->state == ARCHIVE_UNKNOWN)
        return "the path of the new cluster's own archive is not known here";
    struct str suffix = buf_str(&archive->suffix);
    if (profile->by_reference && !is_uid_suffix(suffix) && !is_generation(policy, suffix))
        return "the clone's path stands in the namespace's ConfigMap and is not seen here";
    if (profile->has_endpoint && !archive->has_endpoint)
        return "the profile has an endpoint and the own archive none, so until the first restart "
               "the new cluster would archive to the clone's endpoint";
    return NULL;
}

static bool is_source(const struct restore_profile *profile, const struct archive *archive)
{
    if (!profile->clone_path || archive->state != ARCHIVE_KNOWN)
        return false;
    struct buf path = BUF(PATH_MAX_BYTES);
    archive_path_add(&path, str_of(profile->clone_path));
    bool same = str_equal(buf_str(&path), buf_str(&archive->path));
    buf_clear(&path);
    return same;
}

void archive_check(const struct policy *policy, const struct restore_profile *profile,
                   const struct subject *subject, const struct pod *pod, struct decision *decision)
{
    struct archive archive;
    archive_read(pod, &archive);
    const char *why = unproven(policy, profile, &archive);
    bool same = is_source(profile, &archive);
    if (same)
        decision_deny(decision, REASON_OWN_ARCHIVE_EQUAL,
                      "the new cluster would archive into its own source '%.*s' and destroy it: "
                      "label namespace '%.*s' with harbor-pg-webhook/backup=<profile> whose suffix "
                      "is a new generation",
                      STR_ARG(buf_str(&archive.path)), STR_ARG(subject->namespace));
    else if (why)
        decision_deny(decision, REASON_OWN_ARCHIVE_UNPROVEN,
                      "%s%s%s%s: label namespace '%.*s' with harbor-pg-webhook/backup=<profile>%s, "
                      "or vouch for it with ownArchive: verified in profile '%s'",
                      why, archive.unknown ? " (" : "", archive.unknown ? archive.unknown : "",
                      archive.unknown ? ")" : "", STR_ARG(subject->namespace),
                      profile->has_endpoint ? " (one with s3.endpoint)" : "", profile->name);
    static const char *const states[] = {
        [ARCHIVE_OFF] = "off", [ARCHIVE_KNOWN] = "known", [ARCHIVE_UNKNOWN] = "not known"};
    decision_trace(decision, "own-archive", same || why, NULL,
                   "the new cluster's own archive is %s%s%.*s", states[archive.state],
                   archive.path.length ? ": " : "", STR_ARG(buf_str(&archive.path)));
    archive_done(&archive);
}
