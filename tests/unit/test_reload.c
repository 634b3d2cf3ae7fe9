#include "server/reload.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct place {
    char path[64];
    struct snapshot *snapshot;
    struct log *log;
    struct metrics *metrics;
    int ends[2];
};

static struct config *parsed(const char *text)
{
    struct strlist mistakes = {0};
    struct config *config = config_parse("f", str_of(text), 1795000000, &mistakes);
    assert_non_null(config);
    return config;
}

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));
    snprintf(place->path, sizeof(place->path), "/tmp/test_reload.XXXXXX");
    close(mkstemp(place->path));
    assert_int_equal(pipe2(place->ends, O_NONBLOCK | O_CLOEXEC), 0);
    place->log = log_new(place->ends[1], LOG_INFO, LOG_FORMAT_JSON);
    place->metrics = metrics_new();
    place->snapshot = snapshot_new(parsed("{}"));
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    snapshot_free(place->snapshot);
    metrics_free(place->metrics);
    log_free(place->log);
    close(place->ends[0]);
    close(place->ends[1]);
    free(place);
    return 0;
}

/* Reloads from the text and gives what the log says. */
static char *reload(struct place *place, const char *text, bool expected)
{
    struct error err;
    assert_true(file_write(place->path, str_of(text), 0600, &err));
    assert_int_equal(reload_config(place->path, place->snapshot, place->log, place->metrics),
                     expected);
    char log[16384];
    ssize_t count = read(place->ends[0], log, sizeof(log));
    return xstrndup(log, count > 0 ? (size_t)count : 0);
}

static bool metric_is(const struct place *place, const char *value)
{
    cleanup(buf_clear) struct buf page = BUF(METRICS_PAGE_MAX);
    autofree char *line =
        xasprintf("\nharbor_pg_webhook_config_last_reload_successful %s\n", value);
    metrics_write(place->metrics, &page);
    return strstr(page.data, line) != NULL;
}

static void every_mistake_is_told_and_the_old_one_stays(void **state)
{
    struct place *place = *state;
    struct config *before = snapshot_get(place->snapshot);
    autofree char *text = reload(place, "sever: {}\nlog: {level: loud}\n", false);
    assert_non_null(strstr(text, "sever: unknown key"));
    assert_non_null(strstr(text, "log.level"));
    assert_non_null(strstr(text, "\"level\":\"error\",\"msg\":\"the old configuration stays\""));
    assert_true(metric_is(place, "0"));
    struct config *after = snapshot_get(place->snapshot);
    assert_ptr_equal(after, before);
    config_unref(before);
    config_unref(after);
}

static void a_profile_with_a_problem_is_no_new_configuration(void **state)
{
    struct place *place = *state;
    autofree char *text =
        reload(place, "restoreProfiles: {dr: {s3: {bucket: b, scope: s}}}\n", false);
    assert_non_null(strstr(text, "the old configuration stays"));
    assert_non_null(strstr(text, "restoreProfiles.dr"));
    assert_true(metric_is(place, "0"));
}

static void a_missing_file_changes_nothing(void **state)
{
    struct place *place = *state;
    assert_false(reload_config("/nonexistent/f", place->snapshot, place->log, place->metrics));
    assert_true(metric_is(place, "0"));
}

static void a_right_one_is_used_at_once(void **state)
{
    struct place *place = *state;
    autofree char *bad = reload(place, "{", false);
    autofree char *text = reload(place, "log: {level: warn}\n", true);
    assert_string_equal(text, ""); /* the new level already holds */
    assert_false(log_wants(place->log, LOG_INFO));
    assert_true(metric_is(place, "1"));
    struct config *config = snapshot_get(place->snapshot);
    assert_int_equal(config->log.level, LOG_WARN);
    config_unref(config);
}

static void what_needs_a_restart_is_told(void **state)
{
    struct place *place = *state;
    autofree char *text = reload(place, "server: {threads: 3}\ntls: {mode: development}\n", true);
    assert_non_null(strstr(text, "\"level\":\"info\",\"msg\":\"configuration loaded\",\"path\":"));
    assert_non_null(strstr(text, "\"level\":\"warn\",\"msg\":\"takes effect after a restart\","
                                 "\"key\":\"server.threads\"}\n"));
    assert_non_null(strstr(text, "\"key\":\"tls.mode\"}\n"));
}

static void restarts_are_for_what_is_read_at_the_start(void **state)
{
    (void)state;
    struct config *old = parsed("{}");
    struct config *other = parsed("server: {listen: '127.0.0.1:1', metricsListen: '', threads: 1, "
                                  "drainDelay: 1s, limits: {connections: 9, headers: 32KiB, "
                                  "idle: 9s, body: 1MiB, jsonDepth: 9, inFlightBytes: 9MiB}}\n"
                                  "tls: {mode: development, managed: {secret: other}}\n"
                                  "log: {level: debug}\n");
    cleanup(strlist_clear) struct strlist keys = {0};
    reload_restarts(old, old, &keys);
    assert_int_equal(keys.count, 0);
    reload_restarts(old, other, &keys);
    autofree char *text = strlist_join(&keys, " ");
    assert_string_equal(text, "server.listen server.metricsListen server.threads "
                              "server.limits.connections server.limits.headers server.limits.idle "
                              "tls.mode tls.managed");
    config_unref(old);
    config_unref(other);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_mistake_is_told_and_the_old_one_stays),
        CASE(a_profile_with_a_problem_is_no_new_configuration),
        CASE(a_missing_file_changes_nothing),
        CASE(a_right_one_is_used_at_once),
        CASE(what_needs_a_restart_is_told),
        CASE(restarts_are_for_what_is_read_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
