#include "server/archive/watch_page.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct page_fixture {
    struct watch_target targets[2];
    struct watch_config config;
    struct log *log;
    struct watch_page *page;
};

static void make(struct page_fixture *fixture)
{
    *fixture = (struct page_fixture){0};
    fixture->targets[0].prefix = xstrdup("s3://a/wal/15");
    fixture->targets[1].prefix = xstrdup("s3://b/wal/15");
    fixture->config.targets = fixture->targets;
    fixture->config.target_count = 2;
    fixture->config.interval = 3600 * 1000;
    fixture->log = log_new(2, LOG_ERROR, LOG_FORMAT_JSON);
    fixture->page = watch_page_new(&fixture->config, fixture->log);
}

static void done(struct page_fixture *fixture)
{
    watch_page_free(fixture->page);
    log_free(fixture->log);
    free(fixture->targets[0].prefix);
    free(fixture->targets[1].prefix);
}

/* The status, and the body in *text. */
static unsigned ask(struct page_fixture *fixture, const char *method, const char *path, char **text)
{
    struct http_request request = {.method = method, .path = path};
    struct http_reply reply = {0};
    struct http_handler handler = watch_page_handler(fixture->page);
    if (handler.accepts(handler.context, &request, &reply))
        handler.reply(handler.context, &request, &reply);
    free(*text);
    *text = buf_take(&reply.body);
    return reply.status;
}

static void looked(struct page_fixture *fixture, size_t target, size_t findings)
{
    struct archive_numbers numbers = watch_page_get(fixture->page, target);
    numbers.looked = true;
    numbers.findings = findings;
    watch_page_set(fixture->page, target, &numbers);
}

static void refuses_other_paths_and_methods(void **state)
{
    (void)state;
    cleanup(done) struct page_fixture fixture;
    autofree char *text = NULL;
    make(&fixture);
    assert_int_equal(ask(&fixture, "GET", "/metric", &text), 404);
    assert_string_equal(text, "there is no path '/metric'\n");
    assert_int_equal(ask(&fixture, "PUT", "/metrics", &text), 405);
    assert_string_equal(text, "method 'PUT' is not one of GET, HEAD\n");
}

static void is_ready_once_it_has_looked_at_each(void **state)
{
    (void)state;
    cleanup(done) struct page_fixture fixture;
    autofree char *text = NULL;
    make(&fixture);
    assert_int_equal(ask(&fixture, "GET", "/livez", &text), 200);
    assert_int_equal(ask(&fixture, "GET", "/readyz", &text), 503);
    assert_string_equal(text, "2 of 2 archives were not looked at yet\n");
    looked(&fixture, 1, 0);
    assert_int_equal(ask(&fixture, "GET", "/readyz", &text), 503);
    assert_string_equal(text, "1 of 2 archives were not looked at yet\n");
    looked(&fixture, 0, 0);
    assert_int_equal(ask(&fixture, "GET", "/readyz", &text), 200);
    assert_string_equal(text, "ok\n");
}

static void has_the_numbers_of_each_that_was_looked_at(void **state)
{
    (void)state;
    cleanup(done) struct page_fixture fixture;
    autofree char *text = NULL;
    make(&fixture);
    looked(&fixture, 1, 3);
    assert_int_equal(ask(&fixture, "GET", "/metrics", &text), 200);
    assert_non_null(strstr(text, "backup_findings{prefix=\"s3://b/wal/15\"} 3\n"));
    assert_null(strstr(text, "prefix=\"s3://a/wal/15\""));
    assert_non_null(strstr(text, "\nharbor_pg_webhook_backup_interval_seconds 3600\n"));
    assert_non_null(strstr(text, "\nprocess_open_fds "));
    assert_non_null(strstr(text, "\nharbor_pg_webhook_build_info{"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_other_paths_and_methods),
        cmocka_unit_test(is_ready_once_it_has_looked_at_each),
        cmocka_unit_test(has_the_numbers_of_each_that_was_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
