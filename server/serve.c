#include "server/serve.h"

#include "base/mem.h"
#include "server/http.h"
#include "server/keeper.h"
#include "server/listen.h"
#include "server/managed.h"
#include "server/process.h"
#include "server/reload.h"
#include "server/service.h"
#include "server/version.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* How often files are looked at even when no event told of a change. */
#define LOOK_MS 10000

/* How often a drain looks whether the last connection has gone. */
#define DRAIN_STEP_MS 10

/* After so long without a client that waits, none is still in its TCP handshake: longer than the
 * round trip of an API server. */
#define LAST_CALL_MS 100

/* The plain port: few clients, small requests. */
#define PLAIN_CONNECTIONS 64

/* Larger pieces of memory come from the kernel and go back to it at once. */
#define LARGE_BYTES (256 * 1024)

struct server {
    const char *config_path;
    int signals;
    struct log *log;
    struct metrics *metrics;
    struct snapshot *snapshot;
    struct tls *tls;
    struct keeper *keeper;
    struct managed *managed; /* NULL in other modes */
    struct watch *watch;     /* the configuration file */
    struct service service;
    struct service_port webhook_port;
    struct service_port plain_port;
    struct http *webhook;
    struct http *plain; /* NULL without metricsListen */
};

static void config_done(struct config **config)
{
    config_unref(*config);
}

static void server_done(struct server *server)
{
    http_stop(server->webhook);
    http_stop(server->plain);
    watch_free(server->watch);
    managed_free(server->managed);
    keeper_free(server->keeper);
    tls_free(server->tls);
    snapshot_free(server->snapshot);
    metrics_free(server->metrics);
    log_free(server->log);
    if (server->signals >= 0)
        close(server->signals);
}

/* Signals are read by the main thread, wherever the process runs (as PID 1 too, where the kernel
 * ignores a signal without a handler). First of all, so that one that comes during the start is not
 * lost, and so that every thread inherits the mask. */
static bool take_signals(struct server *server)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (server->signals >= 0)
        return true;
    perror("cannot wait for signals");
    return false;
}

/* The next signal that came, 0 when there is none. */
static int next_signal(const struct server *server)
{
    struct signalfd_siginfo info;
    return read(server->signals, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

static struct config *load_config(const struct server *server)
{
    cleanup(strlist_clear) struct strlist mistakes = {0};
    struct config *config = config_load(server->config_path, time(NULL), &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        fprintf(stderr, "%s\n", mistakes.items[i]);
    return config;
}

/* Adds the address it really has to `name`. */
static bool start_port(const char *address, struct http_options *options, struct buf *name,
                       struct http **ret, struct error *err)
{
    if (!listen_open(address, &options->listen_fd, err))
        return false;
    listen_name(options->listen_fd, name);
    if (http_start(options, ret, err))
        return true;
    close(options->listen_fd);
    return false;
}

static bool start_plain(struct server *server, const struct config_server *config, struct buf *name,
                        struct error *err)
{
    if (!*config->metrics_listen)
        return true;
    struct http_options options = {
        .threads = 1,
        .connections = PLAIN_CONNECTIONS,
        .header_bytes = config->limits.headers,
        .idle_seconds = (unsigned)(config->limits.idle / 1000),
        .handler = service_handler(&server->plain_port),
    };
    return start_port(config->metrics_listen, &options, name, &server->plain, err);
}

static bool start_webhook(struct server *server, const struct config_server *config,
                          struct buf *name, struct error *err)
{
    uint64_t threads = config->threads ? config->threads : process_cpus();
    uint64_t connections = config->limits.connections;
    struct http_options options = {
        .threads = (unsigned)(threads < connections ? threads : connections),
        .connections = (unsigned)connections,
        .header_bytes = config->limits.headers,
        .idle_seconds = (unsigned)(config->limits.idle / 1000),
        .tls = server->tls,
        .body_max = config->limits.body,
        .in_flight_bytes = config->limits.in_flight_bytes,
        .handler = service_handler(&server->webhook_port),
    };
    return start_port(config->listen, &options, name, &server->webhook, err);
}

static void prepare(struct server *server, struct config *config)
{
    server->log = log_new(STDERR_FILENO, config->log.level, config->log.format);
    server->metrics = metrics_new();
    metrics_config_loaded(server->metrics, true);
    server->snapshot = snapshot_new(config_ref(config));
    server->tls = tls_new();
    server->keeper = keeper_new(server->tls, server->log, server->metrics);
    server->watch = watch_new();
    watch_files(server->watch, &server->config_path, 1);
    server->service.log = server->log;
    server->service.metrics = server->metrics;
    server->service.snapshot = server->snapshot;
    server->service.tls = server->tls;
    server->service.keeper = server->keeper;
    server->webhook_port = (struct service_port){&server->service, PORT_WEBHOOK};
    server->plain_port = (struct service_port){&server->service, PORT_PLAIN};
}

/* Certificates, from wherever the mode says. */
static bool start_certificates(struct server *server, struct config *config, struct error *err)
{
    if (!keeper_start(server->keeper, &config->tls, time(NULL), err))
        return false;
    if (config->tls.mode != TLS_MANAGED)
        return true;
    struct kube_pod pod = {getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT"),
                           NULL};
    if (!managed_start(config, &pod, server->keeper, server->log, &server->managed, err))
        return false;
    server->service.managed = server->managed;
    return true;
}

static bool start(struct server *server)
{
    cleanup(config_done) struct config *config = load_config(server);
    if (!config)
        return false;
    prepare(server, config);
    reload_log_problems(config->policy, "a profile refuses its pods", server->log);
    cleanup(buf_clear) struct buf webhook = BUF(128);
    cleanup(buf_clear) struct buf plain = BUF(128);
    struct error err;
    if (!start_certificates(server, config, &err) ||
        !start_webhook(server, &config->server, &webhook, &err) ||
        !start_plain(server, &config->server, &plain, &err)) {
        log_event(server->log, LOG_ERROR, "cannot start", LOG_FIELDS(log_text("error", err.text)));
        return false;
    }
    log_event(server->log, LOG_INFO, "listening",
              LOG_FIELDS(log_text("listen", buf_str(&webhook).data),
                         log_text("metricsListen", buf_str(&plain).data),
                         log_text("version", VERSION), log_text("commit", VERSION_COMMIT)));
    return true;
}

static void refresh_config(struct server *server)
{
    if (!server->config_path ||
        !reload_config(server->config_path, server->snapshot, server->log, server->metrics))
        return;
    cleanup(config_done) struct config *config = snapshot_get(server->snapshot);
    http_limit(server->webhook, config->server.limits.body, config->server.limits.in_flight_bytes);
}

/* Looks at everything that may have changed. */
static void refresh(struct server *server, bool asked)
{
    uint64_t clock = http_clock() / 1000000;
    if (watch_changed(server->watch, clock) || asked)
        refresh_config(server);
    cleanup(config_done) struct config *config = snapshot_get(server->snapshot);
    keeper_refresh(server->keeper, &config->tls, time(NULL), clock);
}

/* Until SIGTERM or SIGINT. */
static void run(struct server *server)
{
    struct pollfd fds[] = {
        {server->signals, POLLIN, 0},
        {watch_fd(server->watch), POLLIN, 0},
        {watch_fd(keeper_watch(server->keeper)), POLLIN, 0},
    };
    for (;;) {
        bool soon =
            watch_is_unsettled(server->watch) || watch_is_unsettled(keeper_watch(server->keeper));
        poll(fds, sizeof(fds) / sizeof(fds[0]), soon ? WATCH_SETTLE_MS : LOOK_MS);
        int number = next_signal(server);
        if (number == SIGTERM || number == SIGINT)
            return;
        refresh(server, number == SIGHUP);
    }
}

/* Waits; false when the wait was cut short by a further SIGTERM or SIGINT. */
static bool wait_ms(const struct server *server, uint64_t ms)
{
    uint64_t end = http_clock() + ms * 1000000;
    struct pollfd fd = {server->signals, POLLIN, 0};
    for (;;) {
        int number = next_signal(server);
        if (number == SIGTERM || number == SIGINT)
            return false;
        uint64_t now = http_clock();
        if (now >= end)
            return true;
        poll(&fd, 1, (int)((end - now + 999999) / 1000000));
    }
}

/* Whoever has begun to connect is let in. False as wait_ms(). */
static bool last_call(const struct server *server, uint64_t end)
{
    http_last_call(server->webhook);
    uint64_t quiet_since = http_clock();
    while (http_clock() < end && http_clock() - quiet_since < (uint64_t)LAST_CALL_MS * 1000000) {
        if (!wait_ms(server, DRAIN_STEP_MS))
            return false;
        if (http_waiting(server->webhook) > 0)
            quiet_since = http_clock();
    }
    return true;
}

/* Kept connections end with the answer to their next request; idle ones do not end by themselves,
 * so this wait has an end. */
static void wait_for_connections(const struct server *server, uint64_t end)
{
    while (http_connections(server->webhook) > 0)
        if (http_clock() >= end || !wait_ms(server, DRAIN_STEP_MS))
            return;
}

/* Not ready any more, but still there for clients that have not heard of it yet; then no new
 * connections; then the old ones come to their end. */
static void drain(struct server *server)
{
    cleanup(config_done) struct config *config = snapshot_get(server->snapshot);
    uint64_t delay = config->server.drain_delay;
    uint64_t grace = config->server.drain_grace;
    atomic_store(&server->service.draining, true);
    http_close_answers(server->webhook);
    if (server->plain)
        http_close_answers(server->plain);
    log_event(
        server->log, LOG_INFO, "draining",
        LOG_FIELDS(log_number("delayMs", (int64_t)delay), log_number("graceMs", (int64_t)grace)));
    bool patient = wait_ms(server, delay);
    uint64_t end = http_clock() + grace * 1000000;
    patient = patient && last_call(server, end);
    http_refuse_connections(server->webhook);
    if (patient)
        wait_for_connections(server, end);
    unsigned left = http_connections(server->webhook);
    log_event(server->log, left ? LOG_WARN : LOG_INFO, "stopping",
              LOG_FIELDS(log_number("connectionsCut", left)));
}

int serve(const char *config_path)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    cleanup(server_done) struct server server = {.config_path = config_path, .signals = -1};
    if (!take_signals(&server) || !start(&server))
        return 1;
    run(&server);
    drain(&server);
    return 0;
}
