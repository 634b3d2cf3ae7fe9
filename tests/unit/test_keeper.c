#include "server/keeper.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/ca.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW INT64_C(1795000000) /* 2026-11-18 */
#define DAY 86400

struct place {
    char folder[64];
    char cert[80];
    char key[80];
    char client_ca[80];
    struct config_tls config;
    struct ca_pair ca;
    struct tls *tls;
    struct log *log;
    struct metrics *metrics;
    struct keeper *keeper;
    int ends[2];
    uint64_t clock;
};

static void write_text(const char *path, struct str text)
{
    struct error err;
    assert_true(file_write(path, text, 0600, &err));
}

/* Writes a pair that is valid for a day from `now` on. */
static void issue(struct place *place, int64_t now)
{
    struct error err;
    cleanup(ca_pair_done) struct ca_pair leaf = {BUF(0), BUF(0)};
    cleanup(strlist_clear) struct strlist names = {0};
    strlist_add(&names, STR("localhost"));
    assert_true(ca_issue(&place->ca, &names, 1, now, &leaf, &err));
    write_text(place->cert, buf_str(&leaf.certificate));
    write_text(place->key, buf_str(&leaf.key));
}

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));
    struct error err;
    snprintf(place->folder, sizeof(place->folder), "/tmp/test_keeper.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->cert, sizeof(place->cert), "%s/tls.crt", place->folder);
    snprintf(place->key, sizeof(place->key), "%s/tls.key", place->folder);
    snprintf(place->client_ca, sizeof(place->client_ca), "%s/ca.crt", place->folder);
    static char nothing[] = "";
    static char harbor[] = "hpw";
    place->config = (struct config_tls){.mode = TLS_FILES,
                                        .cert_file = place->cert,
                                        .key_file = place->key,
                                        .client_ca_file = nothing,
                                        .managed = {.namespace = harbor, .service = harbor},
                                        .development_ca_out = nothing};
    assert_int_equal(pipe2(place->ends, O_NONBLOCK | O_CLOEXEC), 0);
    place->log = log_new(place->ends[1], LOG_INFO, LOG_FORMAT_JSON);
    place->metrics = metrics_new();
    place->tls = tls_new();
    place->keeper = keeper_new(place->tls, place->log, place->metrics);
    place->ca = (struct ca_pair){BUF(0), BUF(0)};
    assert_true(ca_make("test CA", 100, NOW - 10 * DAY, &place->ca, &err));
    issue(place, NOW);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    keeper_free(place->keeper);
    tls_free(place->tls);
    metrics_free(place->metrics);
    log_free(place->log);
    ca_pair_done(&place->ca);
    close(place->ends[0]);
    close(place->ends[1]);
    unlink(place->cert);
    unlink(place->key);
    unlink(place->client_ca);
    rmdir(place->folder);
    free(place);
    return 0;
}

static char *logged(const struct place *place)
{
    char text[16384];
    ssize_t count = read(place->ends[0], text, sizeof(text));
    return xstrndup(text, count > 0 ? (size_t)count : 0);
}

static void start_fails(struct place *place, const char *expected)
{
    struct error err = {""};
    assert_false(keeper_start(place->keeper, &place->config, NOW, &err));
    assert_string_equal(err.text, expected);
}

static void start(struct place *place)
{
    struct error err = {""};
    bool started = keeper_start(place->keeper, &place->config, NOW, &err);
    assert_string_equal(err.text, "");
    assert_true(started);
}

/* Looks twice, as long apart as a change must hold still, and gives what the log says. */
static char *refresh(struct place *place, int64_t now)
{
    free(logged(place));
    keeper_refresh(place->keeper, &place->config, now, place->clock);
    place->clock += WATCH_SETTLE_MS;
    keeper_refresh(place->keeper, &place->config, now, place->clock);
    return logged(place);
}

static bool valid(const struct place *place, int64_t now)
{
    struct error err;
    return keeper_valid(place->keeper, now, &err);
}

static void a_start_needs_a_pair(void **state)
{
    struct place *place = *state;
    autofree char *expected = xasprintf("%s: cannot open: No such file or directory", place->key);
    unlink(place->key);
    start_fails(place, expected);
}

static void a_start_needs_the_callers_ca(void **state)
{
    struct place *place = *state;
    place->config.client_ca_file = place->client_ca;
    autofree char *missing =
        xasprintf("%s: cannot open: No such file or directory", place->client_ca);
    start_fails(place, missing);
    write_text(place->client_ca, STR("hello"));
    autofree char *unusable = xasprintf("%s: no usable CA certificate in PEM", place->client_ca);
    start_fails(place, unusable);
    assert_int_equal(tls_check_client(place->tls, NULL, &(struct error){""}), TLS_CLIENT_FINE);
}

static void a_bad_new_pair_is_told_once(void **state)
{
    struct place *place = *state;
    start(place);
    write_text(place->cert, STR("hello"));
    autofree char *first = refresh(place, NOW);
    assert_non_null(strstr(first, "\"level\":\"error\",\"msg\":\"the old certificate stays\""));
    assert_non_null(strstr(first, place->cert));
    autofree char *second = refresh(place, NOW);
    assert_string_equal(second, "");
    assert_true(valid(place, NOW));
    issue(place, NOW);
    autofree char *third = refresh(place, NOW);
    assert_non_null(strstr(third, "\"level\":\"info\",\"msg\":\"serving certificate\""));
}

static void a_pair_that_is_out_of_date_replaces_none(void **state)
{
    struct place *place = *state;
    start(place);
    issue(place, NOW - 5 * DAY);
    autofree char *text = refresh(place, NOW);
    assert_non_null(strstr(text, "the old certificate stays"));
    assert_true(valid(place, NOW));
}

/* It is tried again without a change of its file, when its time has come. */
static void a_pair_of_the_future_is_taken_later(void **state)
{
    struct place *place = *state;
    start(place);
    issue(place, NOW + 2 * DAY);
    autofree char *early = refresh(place, NOW);
    assert_non_null(strstr(early, "the old certificate stays"));
    assert_false(valid(place, NOW + 2 * DAY));
    autofree char *later = refresh(place, NOW + 2 * DAY);
    assert_non_null(strstr(later, "serving certificate"));
    assert_true(valid(place, NOW + 2 * DAY));
}

static void the_time_is_that_of_the_certificate(void **state)
{
    struct place *place = *state;
    struct error err;
    start(place);
    assert_false(keeper_valid(place->keeper, NOW - 3601, &err));
    assert_string_equal(err.text, "the certificate is not valid before 2026-11-18T10:06:40Z");
    assert_true(valid(place, NOW - 3600));
    assert_true(valid(place, NOW + DAY));
    assert_false(keeper_valid(place->keeper, NOW + DAY + 1, &err));
    assert_string_equal(err.text, "the certificate is expired since 2026-11-19T11:06:40Z");
}

static void an_expired_pair_starts_but_is_not_valid(void **state)
{
    struct place *place = *state;
    issue(place, NOW - 5 * DAY);
    start(place);
    assert_false(valid(place, NOW));
}

static void other_files_are_taken_at_once(void **state)
{
    struct place *place = *state;
    start(place);
    place->config.client_ca_file = place->client_ca;
    write_text(place->client_ca, buf_str(&place->ca.certificate));
    autofree char *text = refresh(place, NOW);
    assert_non_null(strstr(text, "serving certificate"));
    assert_int_equal(tls_check_client(place->tls, NULL, &(struct error){""}), TLS_CLIENT_ABSENT);
}

static void nothing_new_is_not_told(void **state)
{
    struct place *place = *state;
    start(place);
    autofree char *text = refresh(place, NOW);
    assert_string_equal(text, "");
}

/* Files that the mode does not know are not looked at. */
static void managed_waits_for_what_it_is_given(void **state)
{
    struct place *place = *state;
    struct error err = {""};
    place->config.mode = TLS_MANAGED;
    unlink(place->cert);
    start(place);
    assert_false(keeper_valid(place->keeper, NOW, &err));
    assert_string_equal(err.text, "there is no certificate yet");

    issue(place, NOW);
    autofree char *text = refresh(place, NOW);
    assert_string_equal(text, "");
    assert_false(keeper_valid(place->keeper, NOW, &err));

    struct buf pems[] = {BUF(65536), BUF(65536)};
    assert_true(file_read(place->cert, &pems[0], &err));
    assert_true(file_read(place->key, &pems[1], &err));
    struct pem_text given = {"given", buf_str(&pems[0])};
    assert_false(keeper_serve(place->keeper, given, given, &err));
    assert_false(keeper_valid(place->keeper, NOW, &err));
    assert_true(
        keeper_serve(place->keeper, given, (struct pem_text){"key", buf_str(&pems[1])}, &err));
    assert_true(valid(place, NOW));
    buf_clear(&pems[0]);
    buf_clear(&pems[1]);
}

static void managed_reads_the_callers_ca_again(void **state)
{
    struct place *place = *state;
    place->config.mode = TLS_MANAGED;
    place->config.client_ca_file = place->client_ca;
    write_text(place->client_ca, buf_str(&place->ca.certificate));
    start(place);
    write_text(place->client_ca, STR("hello"));
    autofree char *text = refresh(place, NOW);
    assert_non_null(strstr(text, "no usable CA certificate in PEM"));
}

static void development_makes_its_own(void **state)
{
    struct place *place = *state;
    place->config.mode = TLS_DEVELOPMENT;
    place->config.development_ca_out = place->client_ca;
    start(place);
    autofree char *text = logged(place);
    assert_non_null(strstr(text, "\"names\":\"localhost,127.0.0.1,::1,hpw.hpw.svc\""));
    cleanup(buf_clear) struct buf ca = BUF(10000);
    struct error err;
    assert_true(file_read(place->client_ca, &ca, &err));
    assert_true(str_starts(buf_str(&ca), STR("-----BEGIN CERTIFICATE-----\n")));
    assert_int_equal(str_find(buf_str(&ca), STR("KEY")), -1);
    assert_true(valid(place, NOW));
    autofree char *later = refresh(place, NOW);
    assert_string_equal(later, "");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_start_needs_a_pair),
        CASE(a_start_needs_the_callers_ca),
        CASE(a_bad_new_pair_is_told_once),
        CASE(a_pair_that_is_out_of_date_replaces_none),
        CASE(a_pair_of_the_future_is_taken_later),
        CASE(the_time_is_that_of_the_certificate),
        CASE(an_expired_pair_starts_but_is_not_valid),
        CASE(other_files_are_taken_at_once),
        CASE(nothing_new_is_not_told),
        CASE(managed_waits_for_what_it_is_given),
        CASE(managed_reads_the_callers_ca_again),
        CASE(development_makes_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
