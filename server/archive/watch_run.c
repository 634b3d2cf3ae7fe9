#include "server/archive/watch_run.h"

#include "base/mem.h"
#include "server/archive/render.h"
#include "server/archive/watch_look.h"
#include "server/archive/watch_page.h"
#include "server/archive/watch_plan.h"
#include "server/archive/watch_walg.h"
#include "server/listen.h"
#include "server/version.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_MS UINT64_C(1000)

/* A look that was ended has so long to come to its end; then the others go on without it. */
#define GRACE_MS (10 * SECOND_MS)

/* At the end of the process nobody waits longer for the looks. */
#define END_MS (2 * SECOND_MS)

/* At its start, how long the first look waits for the first list of WAL-G's, and how often it looks
 * for it. */
#define LIST_WAIT_MS (60 * SECOND_MS)
#define LIST_STEP_MS SECOND_MS

/* Most findings of one look that are logged, each in a line. */
#define LOGGED_MAX 100

/* The port: few clients, small requests. */
#define CONNECTIONS 64
#define HEADER_BYTES (16u * 1024)
#define IDLE_SECONDS 60

struct watch_state {
    struct watch_config config;
    int signals, done_fd;
    struct log *log;
    struct watch_page *page;
    struct http *http;
    struct watch_plan plan;
    struct watch_look **looks; /* of each target, NULL when there is none */
    uint64_t begun;            /* when the process began; as all times here, milliseconds */
    size_t current;            /* the target that the others wait for; WATCH_PLAN_NONE */
    uint64_t current_begun;
    bool current_cancelled;
};

static uint64_t clock_ms(void)
{
    return http_clock() / 1000000;
}

static uint64_t at_most(uint64_t number, uint64_t most)
{
    return number < most ? number : most;
}

/* ---- the log ---- */

static const enum log_level levels[FINDING_KINDS] = {
    [FINDING_DAMAGE] = LOG_WARN,
    [FINDING_UNKNOWN] = LOG_WARN,
    [FINDING_NOTE] = LOG_INFO,
};

static void log_findings(const struct watch_state *watch, const struct watch_target *target,
                         const struct report *report)
{
    for (size_t i = 0; i < report->finding_count && i < LOGGED_MAX; i++) {
        const struct finding *finding = &report->findings[i];
        log_event(watch->log, levels[finding->kind], "finding",
                  LOG_FIELDS(log_text("target", target->name),
                             log_text("kind", render_kind_name(finding->kind)),
                             log_text("code", finding->code), log_text("object", finding->object),
                             log_text("what", finding->what), log_text("means", finding->means),
                             log_text("wayOut", finding->way_out)));
    }
    if (report->finding_count > LOGGED_MAX)
        log_event(watch->log, LOG_WARN, "further findings are not logged",
                  LOG_FIELDS(log_text("target", target->name),
                             log_number("count", (int64_t)(report->finding_count - LOGGED_MAX))));
}

static void log_result(const struct watch_state *watch, const struct watch_target *target,
                       const struct report *report, uint64_t took)
{
    const struct report_backup *newest = report_newest_usable(report);
    cleanup(buf_clear) struct buf verdict = BUF(LOG_TEXT_MAX);
    render_verdict(report, &verdict);
    log_event(watch->log, LOG_INFO, "archive verified",
              LOG_FIELDS(log_text("target", target->name), log_text("prefix", target->prefix),
                         log_text("verdict", buf_str(&verdict).data),
                         log_number("findings", (int64_t)report_count(report, FINDING_DAMAGE)),
                         log_number("unknown", (int64_t)report_count(report, FINDING_UNKNOWN)),
                         log_number("backups", (int64_t)report->backup_count),
                         log_text("newestUsable", newest ? newest->name : ""),
                         log_text("newestWal", report->wal_newest),
                         log_number("ms", (int64_t)took)));
    log_findings(watch, target, report);
}

/* ---- looks ---- */

static void take_result(struct watch_state *watch, size_t i)
{
    const struct watch_target *target = &watch->config.targets[i];
    const struct report *report = watch_look_report(watch->looks[i]);
    int64_t before = watch_page_get(watch->page, i).verified;
    struct archive_numbers numbers = archive_numbers_of(report, time(NULL), before);
    numbers.prefix = target->prefix; /* that of the report ends with it */
    watch_page_set(watch->page, i, &numbers);
    log_result(watch, target, report, watch_look_ms(watch->looks[i]));
}

static void take_results(struct watch_state *watch)
{
    for (size_t i = 0; i < watch->config.target_count; i++) {
        if (!watch->looks[i] || !watch_look_ended(watch->looks[i]))
            continue;
        take_result(watch, i);
        watch_look_free(watch->looks[i]);
        watch->looks[i] = NULL;
        watch_plan_end(&watch->plan, i);
        if (watch->current == i)
            watch->current = WATCH_PLAN_NONE;
    }
}

/* Without a result: the numbers stay, but they are not all that should be known. */
static void tell_unknown(struct watch_state *watch, size_t i, const char *why)
{
    struct archive_numbers numbers = watch_page_get(watch->page, i);
    numbers.looked = true;
    numbers.unknown = 1;
    watch_page_set(watch->page, i, &numbers);
    log_event(watch->log, LOG_ERROR, why,
              LOG_FIELDS(log_text("target", watch->config.targets[i].name),
                         log_text("prefix", watch->config.targets[i].prefix)));
}

/* A look that takes too long is ended; one that then does not end is left alone. */
static void check_time(struct watch_state *watch, uint64_t now)
{
    size_t i = watch->current;
    if (i == WATCH_PLAN_NONE)
        return;
    uint64_t took = now - watch->current_begun;
    if (took >= watch->config.timeout && !watch->current_cancelled) {
        watch->current_cancelled = true;
        log_event(watch->log, LOG_WARN, "the look takes too long and is ended",
                  LOG_FIELDS(log_text("target", watch->config.targets[i].name),
                             log_number("ms", (int64_t)took)));
        watch_look_cancel(watch->looks[i]);
    }
    if (took >= watch->config.timeout + GRACE_MS) {
        tell_unknown(watch, i, "the look does not end; the other archives go on without it");
        watch->current = WATCH_PLAN_NONE;
    }
}

/* The container that writes WAL-G's list begins when we do: the first look waits a little. */
static bool waits_for_list(const struct watch_state *watch, size_t i, uint64_t now)
{
    const char *list = watch->config.targets[i].walg_list;
    return list && !watch_page_get(watch->page, i).looked &&
           now - watch->begun < at_most(LIST_WAIT_MS, watch->config.interval) &&
           !watch_walg_exists(list);
}

static void begin_look(struct watch_state *watch, size_t i, uint64_t now)
{
    struct error err;
    int64_t list_age_max = (int64_t)((2 * watch->config.interval + SECOND_MS - 1) / SECOND_MS);
    watch_plan_begin(&watch->plan, i, now);
    if (!watch_look_start(&watch->config.targets[i], list_age_max, watch->done_fd, &watch->looks[i],
                          &err)) {
        watch_plan_end(&watch->plan, i);
        tell_unknown(watch, i, err.text);
        return;
    }
    watch->current = i;
    watch->current_begun = now;
    watch->current_cancelled = false;
}

static void begin_next(struct watch_state *watch, uint64_t now)
{
    size_t i;
    while (watch->current == WATCH_PLAN_NONE &&
           (i = watch_plan_next(&watch->plan, now)) != WATCH_PLAN_NONE) {
        if (waits_for_list(watch, i, now))
            watch_plan_put_off(&watch->plan, i, now + LIST_STEP_MS);
        else
            begin_look(watch, i, now);
    }
}

/* When something has to be done that nobody tells of. */
static uint64_t next_time(const struct watch_state *watch)
{
    if (watch->current == WATCH_PLAN_NONE)
        return watch_plan_when(&watch->plan);
    return watch->current_begun + watch->config.timeout + (watch->current_cancelled ? GRACE_MS : 0);
}

/* Waits for a look that ends, or until `until`. False once the process is asked to end. */
static bool wait_until(const struct watch_state *watch, uint64_t until)
{
    struct pollfd fds[] = {{watch->signals, POLLIN, 0}, {watch->done_fd, POLLIN, 0}};
    uint64_t now = clock_ms();
    uint64_t wait = until > now ? until - now : 0;
    poll(fds, 2, (int)at_most(wait, 3600 * SECOND_MS));
    uint64_t count;
    (void)!read(watch->done_fd, &count, sizeof(count));
    struct signalfd_siginfo info;
    return read(watch->signals, &info, sizeof(info)) != sizeof(info);
}

static void run(struct watch_state *watch)
{
    do {
        uint64_t now = clock_ms();
        take_results(watch);
        check_time(watch, now);
        begin_next(watch, now);
    } while (wait_until(watch, next_time(watch)));
}

/* ---- start and end ---- */

static bool take_signals(struct watch_state *watch)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    watch->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    watch->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->signals >= 0 && watch->done_fd >= 0)
        return true;
    perror("cannot wait for signals");
    return false;
}

static bool load(struct watch_state *watch, const char *path)
{
    cleanup(strlist_clear) struct strlist mistakes = {0};
    bool valid = watch_config_load(path, &watch->config, &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        fprintf(stderr, "%s\n", mistakes.items[i]);
    return valid;
}

static bool serve(struct watch_state *watch, struct buf *name, struct error *err)
{
    struct http_options options = {
        .threads = 1,
        .connections = CONNECTIONS,
        .header_bytes = HEADER_BYTES,
        .idle_seconds = IDLE_SECONDS,
        .handler = watch_page_handler(watch->page),
    };
    if (!listen_open(watch->config.listen, &options.listen_fd, err))
        return false;
    listen_name(options.listen_fd, name);
    if (http_start(&options, &watch->http, err))
        return true;
    close(options.listen_fd);
    return false;
}

static bool start(struct watch_state *watch)
{
    struct error err;
    cleanup(buf_clear) struct buf name = BUF(128);
    watch->log = log_new(STDERR_FILENO, watch->config.log.level, watch->config.log.format);
    watch->page = watch_page_new(&watch->config, watch->log);
    watch->begun = clock_ms();
    watch->plan = watch_plan_new(watch->config.target_count, watch->config.interval, watch->begun);
    watch->looks = xcalloc(watch->config.target_count, sizeof(struct watch_look *));
    watch->current = WATCH_PLAN_NONE;
    if (!serve(watch, &name, &err)) {
        log_event(watch->log, LOG_ERROR, "cannot start", LOG_FIELDS(log_text("error", err.text)));
        return false;
    }
    log_event(watch->log, LOG_INFO, "listening",
              LOG_FIELDS(log_text("listen", buf_str(&name).data),
                         log_number("targets", (int64_t)watch->config.target_count),
                         log_text("version", VERSION), log_text("commit", VERSION_COMMIT)));
    return true;
}

/* Whether all looks have come to their end in time. One that has not, keeps what it uses. */
static bool end_looks(struct watch_state *watch)
{
    uint64_t end = clock_ms() + END_MS;
    size_t left = 0;
    for (size_t i = 0; i < watch->config.target_count; i++)
        if (watch->looks[i])
            watch_look_cancel(watch->looks[i]);
    do {
        left = 0;
        for (size_t i = 0; i < watch->config.target_count; i++)
            left += watch->looks[i] && !watch_look_ended(watch->looks[i]);
        if (left)
            (void)wait_until(watch, end);
    } while (left && clock_ms() < end);
    for (size_t i = 0; i < watch->config.target_count && !left; i++)
        watch_look_free(watch->looks[i]);
    return !left;
}

static void watch_done(struct watch_state *watch)
{
    http_stop(watch->http);
    watch_page_free(watch->page);
    watch_plan_done(&watch->plan);
    free(watch->looks);
    log_free(watch->log);
    watch_config_done(&watch->config);
    close(watch->signals);
    close(watch->done_fd);
}

int watch_run(const char *config_path)
{
    struct watch_state *watch = xcalloc(1, sizeof(*watch));
    watch->signals = watch->done_fd = -1;
    bool started = take_signals(watch) && load(watch, config_path) && start(watch);
    if (started)
        run(watch);
    if (started)
        log_event(watch->log, LOG_INFO, "stopping", NULL);
    if (!started || end_looks(watch)) {
        watch_done(watch);
        free(watch);
    }
    return started ? 0 : 1;
}
