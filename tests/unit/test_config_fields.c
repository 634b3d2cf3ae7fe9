#include "server/config_fields.h"

#include "base/mem.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Every key with its default and its range or its choices, one a line. */
static void add_keys(const struct field *fields, const char *path, struct buf *text)
{
    for (const struct field *field = fields; field->name; field++) {
        autofree char *place = field_path(path, field->name);
        if (field->fields && field->kind == FIELD_SECTION) {
            add_keys(field->fields, place, text);
            continue;
        }
        buf_addf(text, "%s = %s", place, field->fallback ? field->fallback : "(none)");
        for (size_t i = 0; field->choices && field->choices[i]; i++)
            buf_addf(text, " %s", field->choices[i]);
        if (field->max) {
            buf_add_text(text, " of ");
            field_add_range(field, text);
        }
        buf_add_char(text, '\n');
    }
}

static void keys_are(const struct field *fields, const char *path, const char *expected)
{
    struct buf text = BUF(8192);
    add_keys(fields, path, &text);
    assert_string_equal(text.data, expected);
    buf_clear(&text);
}

/* What the reader says about a mapping of one key, for the bounds of the tables. */
static void is_refused(const struct field *fields, void *target, const char *json,
                       const char *expected)
{
    struct strlist mistakes = {0};
    json_t *tree = json_loads(json, 0, NULL);
    assert_non_null(tree);
    fields_read(fields, tree, "x", target, &mistakes);
    fields_done(fields, target);
    autofree char *all = strlist_join(&mistakes, " | ");
    assert_string_equal(all, expected);
    strlist_clear(&mistakes);
    json_decref(tree);
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    (void)state;
    struct config_server server;
    struct config_tls tls;
    struct config_log log;
    is_refused(config_server_fields, &server,
               "{\"limits\": {\"headers\": \"4095B\", \"connections\": 65537, \"idle\": \"61m\"}}",
               "x.limits.headers: \"4095B\" is not in 4KiB to 1MiB | "
               "x.limits.connections: 65537 is not in 8 to 65536 | "
               "x.limits.idle: \"61m\" is not in 1s to 3600s");
    is_refused(config_server_fields, &server, "{\"drainGrace\": \"3601s\", \"threads\": 1025}",
               "x.threads: 1025 is not in 0 to 1024 | "
               "x.drainGrace: \"3601s\" is not in 0s to 3600s");
    is_refused(config_tls_fields, &tls, "{\"mode\": \"Files\", \"development\": {\"out\": \"\"}}",
               "x.mode: \"Files\" is not one of files, managed, development | "
               "x.development.out: unknown key, expected one of caOut");
    is_refused(config_log_fields, &log, "{\"level\": \"warning\", \"format\": \"yaml\"}",
               "x.level: \"warning\" is not one of debug, info, warn, error | "
               "x.format: \"yaml\" is not one of json, text");
}

static void the_keys_are_a_contract(void **state)
{
    (void)state;
    keys_are(config_file_fields, "",
             "server = (none)\ntls = (none)\nlog = (none)\ndatabase = (none)\n"
             "restoreProfiles = (none)\nbackupProfiles = (none)\n");
    keys_are(config_server_fields, "server",
             "server.listen = 0.0.0.0:8443\n"
             "server.metricsListen = 0.0.0.0:8080\n"
             "server.threads = 0 of 0 to 1024\n"
             "server.drainDelay = 10s of 0s to 3600s\n"
             "server.drainGrace = 20s of 0s to 3600s\n"
             "server.limits.body = 7MiB of 1KiB to 64MiB\n"
             "server.limits.headers = 64KiB of 4KiB to 1MiB\n"
             "server.limits.connections = 256 of 8 to 65536\n"
             "server.limits.jsonDepth = 64 of 8 to 2048\n"
             "server.limits.idle = 120s of 1s to 3600s\n"
             "server.limits.inFlightBytes = 64MiB of 1KiB to 64GiB\n");
    keys_are(config_tls_fields, "tls",
             "tls.mode = files files managed development\n"
             "tls.certFile = /certs/tls.crt\n"
             "tls.keyFile = /certs/tls.key\n"
             "tls.clientCAFile = \n"
             "tls.managed.namespace = harbor-pg-webhook\n"
             "tls.managed.service = harbor-pg-webhook\n"
             "tls.managed.secret = harbor-pg-webhook-ca\n"
             "tls.managed.mutatingConfiguration = harbor-pg-webhook\n"
             "tls.managed.validatingConfiguration = harbor-pg-webhook\n"
             "tls.development.caOut = \n");
    keys_are(config_log_fields, "log",
             "log.level = info debug info warn error\n"
             "log.format = json json text\n");
}

/* A choice is read as its place among the choices. */
static void choices_stand_in_the_order_of_their_constants(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum tls_mode mode;
    } modes[] = {
        {"{\"mode\": \"files\"}", TLS_FILES},
        {"{\"mode\": \"managed\"}", TLS_MANAGED},
        {"{\"mode\": \"development\"}", TLS_DEVELOPMENT},
    };
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        struct config_tls tls;
        is_refused(config_tls_fields, &tls, modes[i].json, "");
        assert_int_equal(tls.mode, modes[i].mode);
    }
    struct config_log log;
    is_refused(config_log_fields, &log, "{\"level\": \"debug\", \"format\": \"text\"}", "");
    assert_int_equal(log.level, LOG_DEBUG);
    assert_int_equal(log.format, LOG_FORMAT_TEXT);
    is_refused(config_log_fields, &log, "{\"level\": \"error\"}", "");
    assert_int_equal(log.level, LOG_ERROR);
    assert_int_equal(log.format, LOG_FORMAT_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_out_of_bounds_is_refused),
        cmocka_unit_test(the_keys_are_a_contract),
        cmocka_unit_test(choices_stand_in_the_order_of_their_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
