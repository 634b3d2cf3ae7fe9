#include "server/archive/watch_walg.h"

#include "base/file.h"
#include "base/mem.h"

#include <sys/stat.h>

#define STATUS_MAX 64
#define ERRORS_MAX (64u * 1024)

/* Most of WAL-G's words that are repeated. */
#define WORDS_MAX 200

static char *beside(const char *file, const char *what)
{
    return xasprintf("%s.%s", file, what);
}

/* When a file was last written; 0 when it is not there. */
static int64_t written(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mtime : 0;
}

bool watch_walg_exists(const char *file)
{
    autofree char *status = beside(file, "status");
    return written(status) != 0;
}

/* The last line of what WAL-G complained about: the first ones are of its start. */
static void add_errors(const char *file, struct error *why)
{
    struct error err;
    cleanup(buf_clear) struct buf errors = BUF(ERRORS_MAX);
    autofree char *path = beside(file, "errors");
    if (!file_read(path, &errors, &err))
        return;
    struct str text = str_trim(buf_str(&errors));
    size_t start = text.length;
    while (start && text.data[start - 1] != '\n')
        start--;
    struct str line = str_skip(text, start);
    if (!line.length)
        return;
    autofree char *words = xstrndup(line.data, line.length < WORDS_MAX ? line.length : WORDS_MAX);
    str_presentable(words);
    autofree char *before = xstrdup(why->text);
    error_set_(why, "%s: %s", before, words);
}

/* Fails with why there is no list. */
static bool read_status(const char *file, int64_t now, int64_t age_max, struct error *why)
{
    uint64_t status;
    cleanup(buf_clear) struct buf text = BUF(STATUS_MAX);
    autofree char *path = beside(file, "status");
    int64_t time = written(path);
    if (!time)
        return error_set(why, "there is no %s: WAL-G has not ended yet", path);
    if (now - time > age_max)
        return error_set(why, "WAL-G's list is %lld seconds old, expected at most %lld",
                         (long long)(now - time), (long long)age_max);
    if (!file_read(path, &text, why))
        return false;
    if (!str_number(str_trim(buf_str(&text)), &status))
        return error_set(why, "%s: is no exit status", path);
    if (status == 0)
        return true;
    error_set_(why, "wal-g exited with %llu", (unsigned long long)status);
    add_errors(file, why);
    return false;
}

void watch_walg_read(const char *file, int64_t now, int64_t age_max, struct watch_walg *ret)
{
    *ret = (struct watch_walg){.list = BUF(WALG_LIST_MAX), .taken = written(file)};
    ret->failed =
        !read_status(file, now, age_max, &ret->why) || !file_read(file, &ret->list, &ret->why);
}

void watch_walg_compare(const struct watch_walg *walg, struct report *report)
{
    if (walg->failed)
        walg_list_failed(report, walg->why.text);
    else
        walg_list_compare(report, buf_str(&walg->list), walg->taken);
}

void watch_walg_done(struct watch_walg *walg)
{
    buf_clear(&walg->list);
}
