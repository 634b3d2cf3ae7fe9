#include "server/archive/watch_look.h"

#include "base/mem.h"
#include "server/archive/collect.h"
#include "server/archive/deep.h"
#include "server/archive/judge.h"
#include "server/archive/source.h"
#include "server/archive/watch_walg.h"
#include "server/http.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

struct watch_look {
    const struct watch_target *target;
    int64_t list_age_max;
    int done_fd;
    struct source *source; /* NULL: it could not be opened */
    pthread_t thread;
    atomic_bool cancel;
    atomic_bool ended;
    uint64_t begun, took; /* milliseconds */
    struct report report;
};

static void judge_source(struct watch_look *look)
{
    const struct watch_target *target = look->target;
    struct facts facts;
    struct judge_options options = {
        .now = time(NULL),
        .max_backup_age = (int64_t)(target->max_backup_age / 1000),
        .max_wal_age = (int64_t)(target->max_wal_age / 1000),
        .min_backups = target->min_backups,
    };
    collect(look->source, &facts);
    judge(&facts, target->prefix, &options, &look->report);
    struct deep_options reading = {.rate = target->rate, .cancel = &look->cancel};
    if (target->deep)
        deep(look->source, &facts, &reading, &look->report);
    facts_done(&facts);
}

/* WAL-G's list is read first: what is archived meanwhile is then no difference. */
static void *run(void *context)
{
    struct watch_look *look = context;
    const char *list = look->target->walg_list;
    struct watch_walg walg = {0};
    if (list)
        watch_walg_read(list, time(NULL), look->list_age_max, &walg);
    if (look->source)
        judge_source(look);
    if (list) {
        watch_walg_compare(&walg, &look->report);
        watch_walg_done(&walg);
    }
    malloc_trim(0);
    look->took = http_clock() / 1000000 - look->begun;
    atomic_store(&look->ended, true);
    uint64_t one = 1;
    (void)!write(look->done_fd, &one, sizeof(one));
    return NULL;
}

/* A report of nothing but why there is none. */
static void tell_closed(struct watch_look *look, const char *why)
{
    look->report.prefix = xstrdup(look->target->prefix);
    look->report.now = time(NULL);
    report_add(&look->report, FINDING_UNKNOWN, "not-read", "", why,
               "whether the archive can be restored is not known",
               "give the region and keys of the archive: in the file of the watch, in its folder "
               "of credentials, or in the environment");
}

bool watch_look_start(const struct watch_target *target, int64_t list_age_max, int done_fd,
                      struct watch_look **ret, struct error *err)
{
    struct error why;
    struct watch_look *look = xcalloc(1, sizeof(*look));
    struct source_place place = {
        .prefix = target->prefix,
        .region = target->region,
        .endpoint = target->endpoint,
        .ca = target->ca,
        .credentials = target->credentials,
        .path_style = target->path_style,
    };
    look->target = target;
    look->list_age_max = list_age_max;
    look->done_fd = done_fd;
    look->begun = http_clock() / 1000000;
    if (!source_open(&place, &look->source, &why))
        tell_closed(look, why.text);
    if (pthread_create(&look->thread, NULL, run, look) == 0) {
        *ret = look;
        return true;
    }
    source_close(look->source);
    report_done(&look->report);
    free(look);
    return error_set(err, "cannot start a thread");
}

void watch_look_cancel(struct watch_look *look)
{
    atomic_store(&look->cancel, true);
    if (look->source)
        source_cancel(look->source);
}

bool watch_look_ended(const struct watch_look *look)
{
    return atomic_load(&look->ended);
}

const struct report *watch_look_report(const struct watch_look *look)
{
    return &look->report;
}

uint64_t watch_look_ms(const struct watch_look *look)
{
    return look->took;
}

void watch_look_free(struct watch_look *look)
{
    if (!look)
        return;
    pthread_join(look->thread, NULL);
    source_close(look->source);
    report_done(&look->report);
    free(look);
}
