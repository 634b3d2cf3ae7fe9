#include "server/keeper.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "certs/pair.h"
#include "certs/secret.h"

#include <stdatomic.h>

/* A development server makes everything anew when it starts. */
#define DEVELOPMENT_DAYS 365

struct keeper {
    struct tls *tls;
    struct log *log;
    struct metrics *metrics;
    enum tls_mode mode; /* at the start: a change takes effect after a restart */
    struct watch *watch;
    struct strlist watched; /* paths: certificate, key, client CA */
    struct error last;      /* what the last try said, "" when it succeeded */
    atomic_int_fast64_t not_before;
    atomic_int_fast64_t not_after;
};

struct keeper *keeper_new(struct tls *tls, struct log *log, struct metrics *metrics)
{
    struct keeper *keeper = xcalloc(1, sizeof(*keeper));
    keeper->tls = tls;
    keeper->log = log;
    keeper->metrics = metrics;
    keeper->watch = watch_new();
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    if (!keeper)
        return;
    watch_free(keeper->watch);
    strlist_clear(&keeper->watched);
    free(keeper);
}

const struct watch *keeper_watch(const struct keeper *keeper)
{
    return keeper->watch;
}

static void pair_done(struct pair **pair)
{
    pair_free(*pair);
}

static bool is_root(const struct certificate *certificate)
{
    return certificate->is_ca && str_is(str_of(certificate->subject), certificate->issuer);
}

/* The time in which every certificate that a client looks at is valid. */
static void note_dates(struct keeper *keeper, const struct chain *chain)
{
    const struct certificate *leaf = chain_at(chain, 0);
    int64_t not_before = leaf->not_before;
    int64_t not_after = leaf->not_after;
    for (size_t i = 1; i < chain_count(chain); i++) {
        const struct certificate *next = chain_at(chain, i);
        if (is_root(next))
            continue;
        not_before = next->not_before > not_before ? next->not_before : not_before;
        not_after = next->not_after < not_after ? next->not_after : not_after;
    }
    atomic_store(&keeper->not_before, not_before);
    atomic_store(&keeper->not_after, not_after);
    metrics_certificate(keeper->metrics, not_after);
}

static void log_served(const struct keeper *keeper, const struct chain *chain)
{
    const struct certificate *leaf = chain_at(chain, 0);
    autofree char *names = strlist_join(&leaf->names, ",");
    char end[CHAIN_TIME_SIZE];
    log_event(
        keeper->log, LOG_INFO, "serving certificate",
        LOG_FIELDS(log_text("names", names), log_text("notAfter", chain_time(leaf->not_after, end)),
                   log_text("issuer", leaf->issuer), log_text("fingerprint", leaf->fingerprint)));
}

/* With `now`, only a pair that is valid then. */
static bool serve_pair(struct keeper *keeper, struct pem_text certificates, struct pem_text key,
                       const int64_t *now, struct error *err)
{
    cleanup(pair_done) struct pair *pair = NULL;
    if (!pair_new(certificates, key, &pair, err) ||
        (now && !chain_check_time(pair->chain, *now, err)) ||
        !tls_set_pair(keeper->tls, buf_str(&pair->certificates), buf_str(&pair->key), err))
        return false;
    note_dates(keeper, pair->chain);
    log_served(keeper, pair->chain);
    return true;
}

static bool load_pair(struct keeper *keeper, const struct config_tls *config, const int64_t *now,
                      struct error *err)
{
    cleanup(buf_clear) struct buf certificates = BUF(CHAIN_PEM_MAX);
    cleanup(secret_clear) struct buf key = BUF(CHAIN_PEM_MAX);
    return file_read(config->cert_file, &certificates, err) &&
           file_read(config->key_file, &key, err) &&
           serve_pair(keeper, (struct pem_text){config->cert_file, buf_str(&certificates)},
                      (struct pem_text){config->key_file, buf_str(&key)}, now, err);
}

static bool load_client_ca(struct keeper *keeper, const struct config_tls *config,
                           struct error *err)
{
    if (!*config->client_ca_file)
        return tls_set_client_ca(keeper->tls, STR_NONE, err);
    cleanup(buf_clear) struct buf bundle = BUF(CHAIN_PEM_MAX);
    if (!file_read(config->client_ca_file, &bundle, err))
        return false;
    return tls_set_client_ca(keeper->tls, buf_str(&bundle), err) ||
           error_wrap(err, "%s", config->client_ca_file);
}

/* What is out of date replaces nothing; the next try comes by itself. */
static bool load_files(struct keeper *keeper, const struct config_tls *config, int64_t now,
                       struct error *err)
{
    struct error second;
    bool pair = keeper->mode != TLS_FILES || load_pair(keeper, config, &now, err);
    bool client_ca = load_client_ca(keeper, config, pair ? err : &second);
    return pair && client_ca;
}

/* Whether other files are configured than those that are watched; watches these from now on. */
static bool choose_files(struct keeper *keeper, const struct config_tls *config)
{
    bool pair = keeper->mode == TLS_FILES;
    const char *const paths[] = {pair ? config->cert_file : "", pair ? config->key_file : "",
                                 config->client_ca_file};
    bool same = keeper->watched.count == 3;
    for (size_t i = 0; same && i < 3; i++)
        same = str_is(str_of(paths[i]), keeper->watched.items[i]);
    if (same)
        return false;
    strlist_clear(&keeper->watched);
    for (size_t i = 0; i < 3; i++)
        strlist_add(&keeper->watched, str_of(paths[i]));
    watch_files(keeper->watch, paths, 3);
    return true;
}

void keeper_refresh(struct keeper *keeper, const struct config_tls *config, int64_t now,
                    uint64_t clock)
{
    bool other = choose_files(keeper, config);
    bool changed = watch_changed(keeper->watch, clock);
    if (!other && !changed && !*keeper->last.text)
        return;
    struct error err = {""};
    bool loaded = load_files(keeper, config, now, &err);
    if (!loaded && !str_is(str_of(err.text), keeper->last.text))
        log_event(keeper->log, LOG_ERROR, "the old certificate stays",
                  LOG_FIELDS(log_text("error", err.text)));
    if (loaded)
        *err.text = '\0';
    keeper->last = err;
}

static bool make_development_pair(struct keeper *keeper, const struct config_tls *config,
                                  int64_t now, struct error *err)
{
    cleanup(ca_pair_done) struct ca_pair ca = {BUF(0), BUF(0)};
    cleanup(ca_pair_done) struct ca_pair leaf = {BUF(0), BUF(0)};
    cleanup(strlist_clear) struct strlist names = {0};
    strlist_add(&names, STR("localhost"));
    strlist_add(&names, STR("127.0.0.1"));
    strlist_add(&names, STR("::1"));
    strlist_addf(&names, "%s.%s.svc", config->managed.service, config->managed.namespace);
    if (!ca_make("harbor-pg-webhook development CA", DEVELOPMENT_DAYS, now, &ca, err) ||
        !ca_issue(&ca, &names, DEVELOPMENT_DAYS, now, &leaf, err))
        return false;
    if (*config->development_ca_out &&
        !file_write(config->development_ca_out, buf_str(&ca.certificate), 0644, err))
        return false;
    return serve_pair(keeper,
                      (struct pem_text){"development certificate", buf_str(&leaf.certificate)},
                      (struct pem_text){"development key", buf_str(&leaf.key)}, NULL, err);
}

bool keeper_start(struct keeper *keeper, const struct config_tls *config, int64_t now,
                  struct error *err)
{
    keeper->mode = config->mode;
    if (config->mode == TLS_DEVELOPMENT && !make_development_pair(keeper, config, now, err))
        return false;
    if (config->mode == TLS_FILES && !load_pair(keeper, config, NULL, err))
        return false;
    choose_files(keeper, config);
    return load_client_ca(keeper, config, err);
}

bool keeper_serve(struct keeper *keeper, struct pem_text certificates, struct pem_text key,
                  struct error *err)
{
    return serve_pair(keeper, certificates, key, NULL, err);
}

bool keeper_valid(const struct keeper *keeper, int64_t now, struct error *err)
{
    int64_t not_before = atomic_load(&keeper->not_before);
    int64_t not_after = atomic_load(&keeper->not_after);
    if (now >= not_before && now <= not_after)
        return true;
    if (not_after == 0)
        return error_set(err, "there is no certificate yet");
    char text[CHAIN_TIME_SIZE];
    return error_set(err, "the certificate is %s %s",
                     now < not_before ? "not valid before" : "expired since",
                     chain_time(now < not_before ? not_before : not_after, text));
}
