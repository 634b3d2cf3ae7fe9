#include "server/reload.h"

#include "base/mem.h"

#include <time.h>

static bool other_text(const char *a, const char *b)
{
    return !str_equal(str_of(a), str_of(b));
}

static bool other_managed(const struct config_managed *a, const struct config_managed *b)
{
    return other_text(a->namespace, b->namespace) || other_text(a->service, b->service) ||
           other_text(a->secret, b->secret) ||
           other_text(a->mutating_configuration, b->mutating_configuration) ||
           other_text(a->validating_configuration, b->validating_configuration);
}

void reload_restarts(const struct config *old, const struct config *new, struct strlist *keys)
{
    const struct config_server *a = &old->server;
    const struct config_server *b = &new->server;
    const struct {
        const char *key;
        bool differs;
    } rows[] = {
        {"server.listen", other_text(a->listen, b->listen)},
        {"server.metricsListen", other_text(a->metrics_listen, b->metrics_listen)},
        {"server.threads", a->threads != b->threads},
        {"server.limits.connections", a->limits.connections != b->limits.connections},
        {"server.limits.headers", a->limits.headers != b->limits.headers},
        {"server.limits.idle", a->limits.idle != b->limits.idle},
        {"tls.mode", old->tls.mode != new->tls.mode},
        {"tls.managed", other_managed(&old->tls.managed, &new->tls.managed)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].differs)
            strlist_add(keys, str_of(rows[i].key));
}

static void log_each(const struct strlist *mistakes, const char *message, struct log *log)
{
    for (size_t i = 0; i < mistakes->count; i++)
        log_event(log, LOG_ERROR, message, LOG_FIELDS(log_text("error", mistakes->items[i])));
    if (mistakes->dropped)
        log_event(log, LOG_ERROR, message,
                  LOG_FIELDS(log_number("more", (int64_t)mistakes->dropped)));
}

size_t reload_log_problems(const struct policy *policy, const char *message, struct log *log)
{
    cleanup(strlist_clear) struct strlist mistakes = {0};
    policy_problems(policy, &mistakes);
    log_each(&mistakes, message, log);
    return mistakes.count;
}

static void config_done(struct config **config)
{
    config_unref(*config);
}

/* The new configuration without any mistake, or NULL. */
static struct config *load(const char *path, struct log *log)
{
    const char *message = "the old configuration stays";
    cleanup(strlist_clear) struct strlist mistakes = {0};
    cleanup(config_done) struct config *config = config_load(path, time(NULL), &mistakes);
    log_each(&mistakes, message, log);
    if (!config || reload_log_problems(config->policy, message, log) > 0)
        return NULL;
    return TAKE(config);
}

bool reload_config(const char *path, struct snapshot *snapshot, struct log *log,
                   struct metrics *metrics)
{
    struct config *config = load(path, log);
    metrics_config_loaded(metrics, config != NULL);
    if (!config)
        return false;
    cleanup(config_done) struct config *old = snapshot_get(snapshot);
    cleanup(strlist_clear) struct strlist keys = {0};
    reload_restarts(old, config, &keys);
    log_configure(log, config->log.level, config->log.format);
    snapshot_set(snapshot, config);
    log_event(log, LOG_INFO, "configuration loaded", LOG_FIELDS(log_text("path", path)));
    for (size_t i = 0; i < keys.count; i++)
        log_event(log, LOG_WARN, "takes effect after a restart",
                  LOG_FIELDS(log_text("key", keys.items[i])));
    return true;
}
