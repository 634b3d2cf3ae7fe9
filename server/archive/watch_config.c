#include "server/archive/watch_config.h"

#include "base/file.h"
#include "base/mem.h"
#include "patches/s3_place.h"
#include "patches/shown.h"
#include "patches/units.h"
#include "server/config_fields.h"
#include "server/listen.h"
#include "server/yaml.h"

#define SECOND ((uint64_t)1000)
#define HOUR (3600 * SECOND)
#define YEAR (366 * 24 * HOUR)
#define BACKUPS_MOST 10000

struct file_values {
    struct watch_config config;
    const json_t *log, *targets;
};

#define OF_FILE(member) offsetof(struct file_values, member)
#define OF_TARGET(member) offsetof(struct watch_target, member)

const struct field watch_target_fields[] = {
    {"name", FIELD_TEXT, OF_TARGET(name), NULL, "what the log calls it, required"},
    {"prefix", FIELD_TEXT, OF_TARGET(prefix), NULL,
     "the archive, required: `s3://bucket/…/wal/<version>`, or the path of a folder"},
    {"region", FIELD_TEXT, OF_TARGET(region), NULL,
     "region of the bucket; else from `AWS_REGION`, `AWS_DEFAULT_REGION`"},
    {"endpoint", FIELD_TEXT, OF_TARGET(endpoint), NULL,
     "only for stores that are not AWS: `https://host:port`"},
    {"pathStyle", FIELD_BOOLEAN, OF_TARGET(path_style), "false",
     "the bucket in the path, not in the host's name"},
    {"ca", FIELD_TEXT, OF_TARGET(ca), NULL,
     "file of the authorities that the endpoint's certificate may be from; else the system's"},
    {"credentials", FIELD_TEXT, OF_TARGET(credentials), NULL,
     "folder with AWS_ACCESS_KEY_ID and so on, each a file; else from the environment"},
    {"maxBackupAge", FIELD_DURATION, OF_TARGET(max_backup_age), "0s",
     "the newest usable backup must not be older; 0s: not asked", 0, YEAR},
    {"maxWalAge", FIELD_DURATION, OF_TARGET(max_wal_age), "0s",
     "the newest WAL must not be older; 0s: not asked", 0, YEAR},
    {"minBackups", FIELD_NUMBER, OF_TARGET(min_backups), "0",
     "at least so many backups must be usable", 0, BACKUPS_MOST},
    {"deep", FIELD_BOOLEAN, OF_TARGET(deep), "false",
     "read every object: does it decompress, is it what its name says"},
    {"rate", FIELD_TEXT, OF_TARGET(rate_text), NULL,
     "with deep: read no faster than that, `10MiB/s`"},
    {"walgList", FIELD_TEXT, OF_TARGET(walg_list), NULL,
     "file that `wal-g backup-list --detail --json` writes again and again; beside it `.status` "
     "with its exit status, and `.errors`"},
    {NULL},
};

const struct field watch_config_fields[] = {
    {"listen", FIELD_TEXT, OF_FILE(config.listen), "0.0.0.0:8080",
     "address and port of metrics and probes, plain"},
    {"interval", FIELD_DURATION, OF_FILE(config.interval), "1h",
     "how long from one look at an archive to the next", SECOND / 10, 31 * 24 * HOUR},
    {"timeout", FIELD_DURATION, OF_FILE(config.timeout), "0s",
     "how long one look may take; 0s: as long as the interval", 0, 31 * 24 * HOUR},
    {"log", FIELD_TREE, OF_FILE(log), NULL, "its log: `level` and `format`, as above"},
    {"targets", FIELD_TREE, OF_FILE(targets), NULL, "the archives, a list"},
    {NULL},
};

static void check_place(const struct watch_target *target, const char *path,
                        struct strlist *mistakes)
{
    struct error err;
    struct str prefix = str_of(target->prefix);
    bool bucket = str_starts(prefix, STR("s3://")) && prefix.length > 5 && prefix.data[5] != '/';
    if (!bucket && !str_starts(prefix, STR("/")))
        strlist_addf(mistakes,
                     "%s.prefix: '%s' is no archive, expected s3://bucket/... or the "
                     "absolute path of a folder",
                     path, shown(prefix).text);
    if (target->region && !s3_region_valid(str_of(target->region), &err))
        strlist_addf(mistakes, "%s.region: %s", path, err.text);
    if (target->endpoint && !s3_endpoint_valid(str_of(target->endpoint), &err))
        strlist_addf(mistakes, "%s.endpoint: %s", path, err.text);
}

static void check_rate(struct watch_target *target, const char *path, struct strlist *mistakes)
{
    struct str rate = str_of(target->rate_text);
    if (!rate.data)
        return;
    if (!target->deep)
        strlist_addf(mistakes, "%s.rate: is the speed of deep, which is false", path);
    struct str size = {rate.data, rate.length - (str_ends(rate, STR("/s")) ? 2 : 0)};
    if (!units_size(size, &target->rate) || target->rate == 0)
        strlist_addf(mistakes, "%s.rate: '%s' is no speed, expected one such as 10MiB/s", path,
                     shown(rate).text);
}

/* Two with one prefix would be one series of numbers. */
static void check_unique(const struct watch_config *config, size_t i, const char *path,
                         struct strlist *mistakes)
{
    for (size_t j = 0; j < i; j++) {
        if (str_equal(str_of(config->targets[i].name), str_of(config->targets[j].name)))
            strlist_addf(mistakes, "%s.name: is that of targets[%zu] too", path, j);
        if (str_equal(str_of(config->targets[i].prefix), str_of(config->targets[j].prefix)))
            strlist_addf(mistakes, "%s.prefix: is that of targets[%zu] too", path, j);
    }
}

static void check_target(struct watch_config *config, size_t i, const char *path,
                         struct strlist *mistakes)
{
    struct watch_target *target = &config->targets[i];
    if (!target->name || !*target->name)
        strlist_addf(mistakes, "%s.name: is missing", path);
    if (!target->prefix || !*target->prefix)
        strlist_addf(mistakes, "%s.prefix: is missing", path);
    else
        check_place(target, path, mistakes);
    check_rate(target, path, mistakes);
    check_unique(config, i, path, mistakes);
}

static void read_targets(struct watch_config *config, const json_t *list, struct strlist *mistakes)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0 || count > WATCH_TARGETS_MAX) {
        strlist_addf(mistakes, "targets: is %s, expected a list of 1 to %d archives",
                     !list                 ? "missing"
                     : json_is_array(list) ? (count ? "too long" : "empty")
                                           : field_type_name(list),
                     WATCH_TARGETS_MAX);
        return;
    }
    config->targets = xcalloc(count, sizeof(*config->targets));
    config->target_count = count;
    for (size_t i = 0; i < count; i++) {
        autofree char *path = xasprintf("targets[%zu]", i);
        fields_read(watch_target_fields, json_array_get(list, i), path, &config->targets[i],
                    mistakes);
        if (json_is_object(json_array_get(list, i)))
            check_target(config, i, path, mistakes);
    }
}

static void check_listen(const struct watch_config *config, struct strlist *mistakes)
{
    struct error err;
    struct str host, port;
    if (!listen_split(config->listen, &host, &port, &err))
        strlist_addf(mistakes, "listen: %s", err.text);
}

static void read_tree(const json_t *tree, struct watch_config *config, struct strlist *mistakes)
{
    struct file_values values = {0};
    fields_read(watch_config_fields, tree, "", &values, mistakes);
    fields_read(config_log_fields, values.log, "log", &values.config.log, mistakes);
    *config = values.config;
    if (!config->timeout)
        config->timeout = config->interval;
    check_listen(config, mistakes);
    read_targets(config, values.targets, mistakes);
}

bool watch_config_parse(const char *name, struct str text, struct watch_config *ret,
                        struct strlist *mistakes)
{
    struct error err;
    struct strlist found = {0};
    *ret = (struct watch_config){0};
    json_t *tree = yaml_read(text, &err);
    if (!tree)
        strlist_addf(&found, "%s", err.text);
    else if (!json_is_object(tree))
        strlist_addf(&found, "%s is not a mapping of listen, interval, timeout, log and targets",
                     field_type_name(tree));
    else
        read_tree(tree, ret, &found);
    json_decref(tree);
    bool valid = found.count == 0;
    for (size_t i = 0; i < found.count; i++)
        strlist_addf(mistakes, "%s: %s", name, found.items[i]);
    strlist_clear(&found);
    return valid;
}

bool watch_config_load(const char *path, struct watch_config *ret, struct strlist *mistakes)
{
    struct error err;
    cleanup(buf_clear) struct buf text = BUF(WATCH_CONFIG_MAX);
    *ret = (struct watch_config){0};
    if (file_read(path, &text, &err))
        return watch_config_parse(path, buf_str(&text), ret, mistakes);
    strlist_addf(mistakes, "%s", err.text);
    return false;
}

void watch_config_done(struct watch_config *config)
{
    for (size_t i = 0; i < config->target_count; i++)
        fields_done(watch_target_fields, &config->targets[i]);
    free(config->targets);
    free(config->listen);
    *config = (struct watch_config){0};
}
