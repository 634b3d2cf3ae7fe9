#include "server/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "patches/shown.h"
#include "server/config_fields.h"
#include "server/yaml.h"

/* "host:port" or "[v6]:port" with a port from 0 (any free one) to 65535. */
static bool address_valid(struct str address)
{
    uint64_t port;
    size_t colon = address.length;
    while (colon && address.data[colon - 1] != ':')
        colon--;
    if (colon < 2 || !str_number(str_skip(address, colon), &port) || port > 65535)
        return false;
    struct str host = {address.data, colon - 1};
    if (str_starts(host, STR("[")))
        return str_ends(host, STR("]")) && host.length > 2;
    return str_find(host, STR(":")) < 0;
}

static void check_address(const char *key, const char *address, bool may_be_empty,
                          struct strlist *mistakes)
{
    if ((may_be_empty && !*address) || address_valid(str_of(address)))
        return;
    strlist_addf(mistakes, "%s: '%s' is not an address, expected 'host:port' or '[v6]:port'", key,
                 shown(str_of(address)).text);
}

static void check_server(const struct config_server *server, struct strlist *mistakes)
{
    check_address("server.listen", server->listen, false, mistakes);
    check_address("server.metricsListen", server->metrics_listen, true, mistakes);
    if (server->limits.in_flight_bytes < server->limits.body)
        strlist_addf(mistakes, "server.limits.inFlightBytes: is smaller than server.limits.body, "
                               "expected room for at least one body");
}

static void check_given(const char *key, const char *text, const char *mode,
                        struct strlist *mistakes)
{
    if (!*text)
        strlist_addf(mistakes, "%s: is empty, but tls.mode %s needs it", key, mode);
}

static void check_tls(const struct config_tls *tls, struct strlist *mistakes)
{
    const struct config_managed *managed = &tls->managed;
    if (tls->mode == TLS_FILES) {
        check_given("tls.certFile", tls->cert_file, "files", mistakes);
        check_given("tls.keyFile", tls->key_file, "files", mistakes);
    }
    if (tls->mode == TLS_MANAGED) {
        check_given("tls.managed.namespace", managed->namespace, "managed", mistakes);
        check_given("tls.managed.service", managed->service, "managed", mistakes);
        check_given("tls.managed.secret", managed->secret, "managed", mistakes);
    }
}

static json_t *read_yaml(struct str text, struct error *err)
{
    return yaml_read(text, err);
}

/* Mistakes come without the file's name. */
static struct config *build(const json_t *tree, int64_t now, struct strlist *mistakes)
{
    struct file_fields file;
    struct config *config = xcalloc(1, sizeof(*config));
    config->references = 1;
    fields_read(config_file_fields, tree, "", &file, mistakes);
    fields_read(config_server_fields, file.server, "server", &config->server, mistakes);
    fields_read(config_tls_fields, file.tls, "tls", &config->tls, mistakes);
    fields_read(config_log_fields, file.log, "log", &config->log, mistakes);
    check_server(&config->server, mistakes);
    check_tls(&config->tls, mistakes);
    config->policy =
        policy_parse(file.database, file.restore_profiles, file.backup_profiles, now, mistakes);
    if (config->policy)
        config->policy->read_yaml = read_yaml;
    if (!mistakes->count)
        return config;
    if (config->policy) /* a refused file is told everything at once */
        policy_problems(config->policy, mistakes);
    config_unref(config);
    return NULL;
}

struct config *config_parse(const char *name, struct str text, int64_t now,
                            struct strlist *mistakes)
{
    struct error err;
    struct strlist found = {0};
    struct config *config = NULL;
    json_t *tree = yaml_read(text, &err);
    if (!tree)
        strlist_addf(&found, "%s", err.text);
    else if (!json_is_object(tree) && !json_is_null(tree))
        strlist_addf(&found,
                     "%s is not a mapping of server, tls, log, database, restoreProfiles "
                     "and backupProfiles",
                     field_type_name(tree));
    else
        config = build(tree, now, &found);
    json_decref(tree);
    for (size_t i = 0; i < found.count; i++)
        strlist_addf(mistakes, "%s: %s", name, found.items[i]);
    strlist_clear(&found);
    return config;
}

struct config *config_load(const char *path, int64_t now, struct strlist *mistakes)
{
    struct error err;
    struct buf text = BUF(CONFIG_FILE_MAX);
    struct config *config = NULL;
    if (path && !file_read(path, &text, &err))
        strlist_addf(mistakes, "%s", err.text);
    else
        config = config_parse(path ? path : "defaults", buf_str(&text), now, mistakes);
    buf_clear(&text);
    return config;
}

struct config *config_ref(struct config *config)
{
    __atomic_fetch_add(&config->references, 1, __ATOMIC_RELAXED);
    return config;
}

void config_unref(struct config *config)
{
    if (!config || __atomic_sub_fetch(&config->references, 1, __ATOMIC_ACQ_REL))
        return;
    fields_done(config_server_fields, &config->server);
    fields_done(config_tls_fields, &config->tls);
    fields_done(config_log_fields, &config->log);
    policy_free(config->policy);
    free(config);
}
