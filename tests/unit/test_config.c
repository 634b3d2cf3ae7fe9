#include "server/config.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1795000000 /* 2026-11-18 */

static void config_cleanup(struct config **config)
{
    config_unref(*config);
}

struct refusal {
    const char *text;
    const char *mistakes;
};

static const struct refusal refusals[] = {
    {"[", "f: line 2, column 1: did not find expected node content while parsing a flow node"},
    {"text", "f: text is not a mapping of server, tls, log, database, restoreProfiles and "
             "backupProfiles"},
    {"sever: {}", "f: sever: unknown key, did you mean 'server'"},
    {"other: {}", "f: other: unknown key, expected one of server, tls, log, database, "
                  "restoreProfiles, backupProfiles"},
    {"\"a\\nb\": {}", "f: a?b: unknown key, expected one of server, tls, log, database, "
                      "restoreProfiles, backupProfiles"},
    {"server: 5", "f: server: a number is not a mapping"},
    {"server: {limits: []}", "f: server.limits: a list is not a mapping"},
    {"server: {limits: {bodies: 1MiB}}", "f: server.limits.bodies: unknown key, did you mean "
                                         "'body'"},
    {"server: {listen: 8443}", "f: server.listen: a number is not text (write it in quotes)"},
    {"server: {listen: ':8443'}",
     "f: server.listen: ':8443' is not an address, expected 'host:port' or '[v6]:port'"},
    {"server: {listen: ''}",
     "f: server.listen: '' is not an address, expected 'host:port' or '[v6]:port'"},
    {"server: {listen: '::1:8443'}",
     "f: server.listen: '::1:8443' is not an address, expected 'host:port' or '[v6]:port'"},
    {"server: {listen: '[]:8443'}",
     "f: server.listen: '[]:8443' is not an address, expected 'host:port' or '[v6]:port'"},
    {"server: {listen: 'a:65536', metricsListen: 'a:x'}",
     "f: server.listen: 'a:65536' is not an address, expected 'host:port' or '[v6]:port'\n"
     "f: server.metricsListen: 'a:x' is not an address, expected 'host:port' or '[v6]:port'"},
    {"server: {threads: -1}", "f: server.threads: -1 is not a whole number from 0"},
    {"server: {threads: '4'}", "f: server.threads: \"4\" is not a whole number from 0"},
    {"server: {threads: 2000}", "f: server.threads: 2000 is not in 0 to 1024"},
    {"server: {drainDelay: 10}",
     "f: server.drainDelay: 10 is not a duration such as \"10s\" (ms, s, m, h)"},
    {"server: {drainDelay: 2h}", "f: server.drainDelay: \"2h\" is not in 0s to 3600s"},
    {"server: {limits: {idle: 10ms}}", "f: server.limits.idle: \"10ms\" is not in 1s to 3600s"},
    {"server: {limits: {body: 7M}}",
     "f: server.limits.body: \"7M\" is not a size such as \"64KiB\" (B, KiB, MiB, GiB)"},
    {"server: {limits: {body: [7]}}",
     "f: server.limits.body: a list is not a size such as \"64KiB\" (B, KiB, MiB, GiB)"},
    {"server: {limits: {body: 1000B}}", "f: server.limits.body: \"1000B\" is not in 1KiB to 64MiB"},
    {"server: {limits: {inFlightBytes: 65GiB}}",
     "f: server.limits.inFlightBytes: \"65GiB\" is not in 1KiB to 64GiB"},
    {"server: {limits: {body: 8MiB, inFlightBytes: 4MiB}}",
     "f: server.limits.inFlightBytes: is smaller than server.limits.body, expected room for at "
     "least one body"},
    {"server: {limits: {jsonDepth: 4, connections: 1}}",
     "f: server.limits.connections: 1 is not in 8 to 65536\n"
     "f: server.limits.jsonDepth: 4 is not in 8 to 2048"},
    {"tls: {mode: file}", "f: tls.mode: \"file\" is not one of files, managed, development"},
    {"tls: {mode: true}", "f: tls.mode: true is not one of files, managed, development"},
    {"tls: {certFile: '', keyFile: ''}", "f: tls.certFile: is empty, but tls.mode files needs it\n"
                                         "f: tls.keyFile: is empty, but tls.mode files needs it"},
    {"tls: {mode: managed, managed: {secret: '', service: '', namespace: ''}}",
     "f: tls.managed.namespace: is empty, but tls.mode managed needs it\n"
     "f: tls.managed.service: is empty, but tls.mode managed needs it\n"
     "f: tls.managed.secret: is empty, but tls.mode managed needs it"},
    {"log: {level: loud}", "f: log.level: \"loud\" is not one of debug, info, warn, error"},
    {"log: {format: \"te\\u0001xt\"}", "f: log.format: \"te\\u0001xt\" is not one of json, text"},
    {"tls: {certFile: \"/a\\tb\"}",
     "f: tls.certFile: has a control character, expected printable text"},
    {"tls: {certFile: /$(HOME)/a}", "f: tls.certFile: has '$(', which the kubelet would expand"},
    {"log: {level: 1}\nbackupProfiles: {b: {s3: {bucket: abc, region: x, suffix: /g}}}",
     "f: log.level: 1 is not one of debug, info, warn, error\n"
     "f: backupProfiles.b.credentials: missing, expected secret: {name, accessKeyId, "
     "secretAccessKey} or workloadIdentity: {roleArn, webIdentityTokenFile}"},
    {"restoreProfiles: {dr: {s3: {sufix: /a}}}\nlog: {level: 1}",
     "f: log.level: 1 is not one of debug, info, warn, error\n"
     "f: restoreProfiles.dr.s3.sufix: unknown key, did you mean 'suffix'\n"
     "f: restoreProfiles.dr.s3.bucket: missing, expected the bucket of the source's archive\n"
     "f: restoreProfiles.dr.s3.scope: missing, expected the name of the source cluster, such as "
     "'postgresql-harbor-harbor'\n"
     "f: restoreProfiles.dr.s3.suffix: missing, expected '/<uid of the source cluster>', or \"\" "
     "for the layout without uid\n"
     "f: restoreProfiles.dr.s3.region: missing, expected the bucket's region (a store without "
     "regions: us-east-1); without it spilo guesses\n"
     "f: restoreProfiles.dr.credentials: missing, expected secret: {name, accessKeyId, "
     "secretAccessKey} or workloadIdentity: {roleArn, webIdentityTokenFile}"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct strlist mistakes = {0};
        assert_null(config_parse("f", str_of(refusals[i].text), NOW, &mistakes));
        autofree char *text = strlist_join(&mistakes, "\n");
        assert_string_equal(text, refusals[i].mistakes);
        strlist_clear(&mistakes);
    }
}

/* A name that is no key must not cost a search when nobody will read the message. */
static void test_many_mistakes(void **state)
{
    (void)state;
    struct buf text = BUF(1u << 20);
    for (unsigned i = 0; i < STRLIST_MAX + 10; i++)
        buf_addf(&text, "key%u: 1\n", i);
    struct strlist mistakes = {0};
    assert_null(config_parse("f", buf_str(&text), NOW, &mistakes));
    assert_int_equal(mistakes.count, STRLIST_MAX);
    strlist_clear(&mistakes);
    buf_clear(&text);
}

static void test_defaults(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    cleanup(config_cleanup) struct config *config = config_load(NULL, NOW, &mistakes);
    assert_int_equal(mistakes.count, 0);
    assert_non_null(config);
    assert_string_equal(config->server.listen, "0.0.0.0:8443");
    assert_string_equal(config->server.metrics_listen, "0.0.0.0:8080");
    assert_int_equal(config->server.threads, 0);
    assert_int_equal(config->server.drain_delay, 10000);
    assert_int_equal(config->server.drain_grace, 20000);
    assert_int_equal(config->server.limits.body, 7 * 1024 * 1024);
    assert_int_equal(config->server.limits.headers, 64 * 1024);
    assert_int_equal(config->server.limits.connections, 256);
    assert_int_equal(config->server.limits.json_depth, 64);
    assert_int_equal(config->server.limits.idle, 120000);
    assert_int_equal(config->server.limits.in_flight_bytes, 64 * 1024 * 1024);
    assert_int_equal(config->tls.mode, TLS_FILES);
    assert_string_equal(config->tls.cert_file, "/certs/tls.crt");
    assert_string_equal(config->tls.key_file, "/certs/tls.key");
    assert_string_equal(config->tls.client_ca_file, "");
    assert_string_equal(config->tls.managed.secret, "harbor-pg-webhook-ca");
    assert_string_equal(config->tls.development_ca_out, "");
    assert_int_equal(config->log.level, LOG_INFO);
    assert_int_equal(config->log.format, LOG_FORMAT_JSON);
    assert_string_equal(config->policy->database.image, "ghcr.io/zalando/spilo-16:3.2-p3");
    assert_int_equal(config->policy->restore_count, 1);
}

static void test_values(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    cleanup(config_cleanup) struct config *config =
        config_parse("f",
                     STR("server: {listen: '[::]:0', metricsListen: '', threads: 3, drainDelay: "
                         "500ms, drainGrace: 1h, limits: {body: 2KiB, inFlightBytes: 1GiB, idle: "
                         "2m, headers: 4096B}}\n"
                         "tls: {mode: development, certFile: ~, development: {caOut: /x}}\n"
                         "log: {level: error, format: text}\n"
                         "database:\n"),
                     NOW, &mistakes);
    assert_int_equal(mistakes.count, 0);
    assert_string_equal(config->server.listen, "[::]:0");
    assert_string_equal(config->server.metrics_listen, "");
    assert_int_equal(config->server.threads, 3);
    assert_int_equal(config->server.drain_delay, 500);
    assert_int_equal(config->server.drain_grace, 3600000);
    assert_int_equal(config->server.limits.body, 2048);
    assert_int_equal(config->server.limits.in_flight_bytes, 1073741824);
    assert_int_equal(config->server.limits.idle, 120000);
    assert_int_equal(config->tls.mode, TLS_DEVELOPMENT);
    assert_string_equal(config->tls.cert_file, "/certs/tls.crt");
    assert_string_equal(config->tls.development_ca_out, "/x");
    assert_int_equal(config->log.level, LOG_ERROR);
    assert_int_equal(config->log.format, LOG_FORMAT_TEXT);
}

static void test_profile_problems_stay(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    cleanup(config_cleanup) struct config *config =
        config_parse("f", STR("restoreProfiles: {dr: {}}"), NOW, &mistakes);
    assert_non_null(config);
    assert_int_equal(mistakes.count, 0);
    policy_problems(config->policy, &mistakes);
    assert_int_equal(mistakes.count, 5);
    strlist_clear(&mistakes);
}

static void test_reads_yaml(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct error err;
    cleanup(config_cleanup) struct config *config = config_load(NULL, NOW, &mistakes);
    json_t *tree = config->policy->read_yaml(STR("a: [1]"), &err);
    assert_int_equal(json_array_size(json_object_get(tree, "a")), 1);
    json_decref(tree);
    assert_null(config->policy->read_yaml(STR("a: ["), &err));
    assert_string_equal(
        err.text, "line 2, column 1: did not find expected node content while parsing a flow node");
}

static void test_file(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct error err;
    char path[] = "/tmp/test_config.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(file_write(path, STR("log: {level: warn}\n"), 0600, &err));
    struct config *config = config_load(path, NOW, &mistakes);
    assert_int_equal(config->log.level, LOG_WARN);
    assert_ptr_equal(config_ref(config), config);
    config_unref(config);
    assert_int_equal(config->references, 1);
    config_unref(config);
    unlink(path);

    assert_null(config_load("/nowhere/config.yaml", NOW, &mistakes));
    assert_string_equal(mistakes.items[0],
                        "/nowhere/config.yaml: cannot open: No such file or directory");
    strlist_clear(&mistakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_many_mistakes),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_profile_problems_stay),
        cmocka_unit_test(test_reads_yaml),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
