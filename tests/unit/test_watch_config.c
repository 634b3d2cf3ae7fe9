#include "server/archive/watch_config.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_mistakes(const char *text, const char *expected)
{
    struct watch_config config;
    cleanup(strlist_clear) struct strlist mistakes = {0};
    assert_false(watch_config_parse("w", str_of(text), &config, &mistakes));
    autofree char *joined = strlist_join(&mistakes, "\n");
    assert_string_equal(joined, expected);
    watch_config_done(&config);
}

static void refuses_what_is_no_mapping(void **state)
{
    (void)state;
    assert_mistakes("", "w: null is not a mapping of listen, interval, timeout, log and targets");
    assert_mistakes("- a",
                    "w: a list is not a mapping of listen, interval, timeout, log and targets");
    assert_mistakes(
        "a: [",
        "w: line 2, column 1: did not find expected node content while parsing a flow node");
}

static void refuses_lists_of_targets_that_are_none(void **state)
{
    (void)state;
    assert_mistakes("{}", "w: targets: is missing, expected a list of 1 to 1000 archives");
    assert_mistakes("targets: []", "w: targets: is empty, expected a list of 1 to 1000 archives");
    assert_mistakes("targets: {a: b}",
                    "w: targets: is a mapping, expected a list of 1 to 1000 archives");
    cleanup(buf_clear) struct buf many = BUF(65536);
    buf_add_text(&many, "targets: [");
    for (int i = 0; i < 1001; i++)
        buf_add_text(&many, "{},");
    buf_add_text(&many, "]");
    assert_mistakes(buf_str(&many).data,
                    "w: targets: is too long, expected a list of 1 to 1000 archives");
}

static void tells_every_mistake_with_its_path(void **state)
{
    (void)state;
    assert_mistakes(
        "listen: '8080'\n"
        "interval: 1ms\n"
        "timeout: soon\n"
        "log: {level: loud}\n"
        "targets:\n"
        "- {name: a, prefix: s3://b/p, maxBackupAge: old, rate: 1MiB/s}\n"
        "- {name: a, prefix: s3://b/p, deep: true, rate: fast, regoin: x}\n"
        "- {prefix: 'b/p', region: 'a b', endpoint: 'ftp://x', minBackups: -1}\n"
        "- {name: '', deep: maybe}\n"
        "- 7\n",
        "w: interval: \"1ms\" is not in 100ms to 2678400s\n"
        "w: timeout: \"soon\" is not a duration such as \"10s\" (ms, s, m, h)\n"
        "w: log.level: \"loud\" is not one of debug, info, warn, error\n"
        "w: listen: '8080' is not an address of the form host:port or [v6]:port\n"
        "w: targets[0].maxBackupAge: \"old\" is not a duration such as \"10s\" (ms, s, m, h)\n"
        "w: targets[0].rate: is the speed of deep, which is false\n"
        "w: targets[1].regoin: unknown key, did you mean 'region'\n"
        "w: targets[1].rate: 'fast' is no speed, expected one such as 10MiB/s\n"
        "w: targets[1].name: is that of targets[0] too\n"
        "w: targets[1].prefix: is that of targets[0] too\n"
        "w: targets[2].minBackups: -1 is not a whole number from 0\n"
        "w: targets[2].name: is missing\n"
        "w: targets[2].prefix: 'b/p' is no archive, expected s3://bucket/... or the absolute path "
        "of a folder\n"
        "w: targets[2].region: 'a b' is not a region, expected one such as 'eu-central-1'\n"
        "w: targets[2].endpoint: 'ftp://x' is not an endpoint, expected 'http://host' or "
        "'https://host:port'\n"
        "w: targets[3].deep: \"maybe\" is not true or false\n"
        "w: targets[3].name: is missing\n"
        "w: targets[3].prefix: is missing\n"
        "w: targets[4]: a number is not a mapping");
}

static void refuses_ports_that_are_none(void **state)
{
    (void)state;
    assert_mistakes("{listen: 'x:65536', targets: [{name: a, prefix: /a}]}",
                    "w: listen: 'x:65536' is not an address of the form host:port or [v6]:port");
    assert_mistakes("{listen: 'x:http', targets: [{name: a, prefix: /a}]}",
                    "w: listen: 'x:http' is not an address of the form host:port or [v6]:port");
}

static void refuses_places_that_are_none(void **state)
{
    (void)state;
    static const char *const places[] = {"s3://", "s3:///a", "bucket", "./a", "https://b/p"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        autofree char *text = xasprintf("targets: [{name: a, prefix: '%s'}]", places[i]);
        autofree char *expected =
            xasprintf("w: targets[0].prefix: '%s' is no archive, expected s3://bucket/... or the "
                      "absolute path of a folder",
                      places[i]);
        assert_mistakes(text, expected);
    }
}

static void tells_of_a_file_that_is_not_there(void **state)
{
    (void)state;
    struct watch_config config;
    cleanup(strlist_clear) struct strlist mistakes = {0};
    assert_false(watch_config_load("/nowhere/w.yaml", &config, &mistakes));
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.items[0],
                        "/nowhere/w.yaml: cannot open: No such file or directory");
    watch_config_done(&config);
}

static void has_defaults(void **state)
{
    (void)state;
    struct watch_config config;
    cleanup(strlist_clear) struct strlist mistakes = {0};
    assert_true(
        watch_config_parse("w", STR("targets: [{name: a, prefix: s3://b/p}]"), &config, &mistakes));
    assert_string_equal(config.listen, "0.0.0.0:8080");
    assert_int_equal(config.interval, 3600 * 1000);
    assert_int_equal(config.timeout, 3600 * 1000);
    assert_int_equal(config.log.level, LOG_INFO);
    const struct watch_target *target = &config.targets[0];
    assert_null(target->region);
    assert_null(target->walg_list);
    assert_false(target->deep);
    assert_int_equal(target->max_backup_age + target->max_wal_age + target->min_backups, 0);
    watch_config_done(&config);
}

static void reads_everything(void **state)
{
    (void)state;
    struct watch_config config;
    cleanup(strlist_clear) struct strlist mistakes = {0};
    assert_true(watch_config_parse("w",
                                   STR("listen: '[::]:9000'\n"
                                       "interval: 10m\n"
                                       "timeout: 5m\n"
                                       "log: {level: debug, format: text}\n"
                                       "targets:\n"
                                       "- name: a\n"
                                       "  prefix: s3://b/p\n"
                                       "  region: eu-central-1\n"
                                       "  endpoint: https://store:9000\n"
                                       "  pathStyle: true\n"
                                       "  ca: /ca/ca.crt\n"
                                       "  credentials: /credentials/a\n"
                                       "  maxBackupAge: 26h\n"
                                       "  maxWalAge: 15m\n"
                                       "  minBackups: 2\n"
                                       "  deep: true\n"
                                       "  rate: 10MiB/s\n"
                                       "  walgList: /lists/a.json\n"
                                       "- {name: b, prefix: /archive, deep: true, rate: 1KiB}\n"),
                                   &config, &mistakes));
    assert_int_equal(config.target_count, 2);
    const struct watch_target *target = &config.targets[0];
    assert_int_equal(config.timeout, 300 * 1000);
    assert_string_equal(target->credentials, "/credentials/a");
    assert_true(target->path_style);
    assert_int_equal(target->max_backup_age, 26 * 3600 * 1000);
    assert_int_equal(target->min_backups, 2);
    assert_int_equal(target->rate, 10 * 1024 * 1024);
    assert_int_equal(config.targets[1].rate, 1024);
    watch_config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_mapping),
        cmocka_unit_test(refuses_lists_of_targets_that_are_none),
        cmocka_unit_test(tells_every_mistake_with_its_path),
        cmocka_unit_test(refuses_ports_that_are_none),
        cmocka_unit_test(refuses_places_that_are_none),
        cmocka_unit_test(tells_of_a_file_that_is_not_there),
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
