#include "server/service.h"

#include "base/mem.h"
#include "certs/ca.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The whole service without a network: its handlers are asked directly. */
struct whole {
    struct service service;
    struct service_port webhook;
    struct service_port plain;
    int log[2];
};

static int set_up(void **state)
{
    struct whole *whole = xcalloc(1, sizeof(*whole));
    struct service *service = &whole->service;
    struct strlist mistakes = {0};
    struct error err;
    struct config *config =
        config_parse("f", STR("tls: {mode: development}\n"), time(NULL), &mistakes);
    assert_non_null(config);
    assert_int_equal(pipe2(whole->log, O_NONBLOCK | O_CLOEXEC), 0);
    service->log = log_new(whole->log[1], LOG_DEBUG, LOG_FORMAT_JSON);
    service->metrics = metrics_new();
    service->tls = tls_new();
    service->keeper = keeper_new(service->tls, service->log, service->metrics);
    assert_true(keeper_start(service->keeper, &config->tls, time(NULL), &err));
    service->snapshot = snapshot_new(config);
    whole->webhook = (struct service_port){service, PORT_WEBHOOK};
    whole->plain = (struct service_port){service, PORT_PLAIN};
    *state = whole;
    return 0;
}

static int tear_down(void **state)
{
    struct whole *whole = *state;
    struct service *service = &whole->service;
    keeper_free(service->keeper);
    tls_free(service->tls);
    snapshot_free(service->snapshot);
    metrics_free(service->metrics);
    log_free(service->log);
    close(whole->log[0]);
    close(whole->log[1]);
    free(whole);
    return 0;
}

/* What the log says since the last time. */
static char *logged(const struct whole *whole)
{
    char text[16384];
    ssize_t count = read(whole->log[0], text, sizeof(text));
    return xstrndup(text, count > 0 ? (size_t)count : 0);
}

static void reply_clear(struct http_reply *reply)
{
    buf_clear(&reply->body);
}

/* Asks as http.c does. */
static struct http_reply ask(struct service_port *port, struct http_request request)
{
    struct http_handler handler = service_handler(port);
    struct http_reply reply = {0};
    if (!request.arrived)
        request.arrived = http_clock();
    if (handler.accepts(handler.context, &request, &reply))
        handler.reply(handler.context, &request, &reply);
    handler.answered(handler.context, &request, &reply);
    return reply;
}

static void is_refused(struct service_port *port, struct http_request request, unsigned status,
                       const char *text)
{
    cleanup(reply_clear) struct http_reply reply = ask(port, request);
    assert_int_equal(reply.status, status);
    assert_string_equal(buf_str(&reply.body).data, text);
    assert_string_equal(reply.content_type, "text/plain; charset=utf-8");
}

static struct http_request post(const char *path, struct str body)
{
    return (struct http_request){
        .method = "POST", .path = path, .content_type = "application/json", .body = body};
}

static struct http_request get(const char *path)
{
    return (struct http_request){.method = "GET", .path = path};
}

static void other_paths_are_404(void **state)
{
    struct whole *whole = *state;
    is_refused(&whole->webhook, post("/v1/postgresqls/", STR("{}")), 404,
               "there is no path '/v1/postgresqls/'\n");
    is_refused(&whole->webhook, get("/livez"), 404, "there is no path '/livez'\n");
    is_refused(&whole->plain, post("/v1/postgresqls", STR("{}")), 404,
               "there is no path '/v1/postgresqls'\n");
}

static void other_methods_are_405(void **state)
{
    struct whole *whole = *state;
    is_refused(&whole->webhook, get("/v1/postgresqls"), 405, "method 'GET' is not one of POST\n");
    cleanup(reply_clear) struct http_reply reply = ask(&whole->plain, post("/metrics", STR("")));
    assert_int_equal(reply.status, 405);
    assert_string_equal(reply.allow, "GET, HEAD");
}

static void other_content_is_415(void **state)
{
    struct whole *whole = *state;
    struct http_request request = post("/v1/configmaps", STR("{}"));
    request.content_type = "text/yaml";
    is_refused(&whole->webhook, request, 415,
               "Content-Type 'text/yaml' is not 'application/json'\n");
    request.content_type = NULL;
    is_refused(&whole->webhook, request, 415, "Content-Type '' is not 'application/json'\n");
    request.content_type = "application/json";
    request.content_encoding = "gzip";
    is_refused(&whole->webhook, request, 415, "Content-Encoding 'gzip' is not 'identity'\n");
}

static void a_refusal_is_logged_and_counted(void **state)
{
    struct whole *whole = *state;
    free(logged(whole));
    is_refused(&whole->webhook, post("/nowhere", STR("{}")), 404, "there is no path '/nowhere'\n");
    autofree char *text = logged(whole);
    assert_non_null(strstr(text, "\"level\":\"warn\",\"msg\":\"request refused\","
                                 "\"method\":\"POST\",\"path\":\"/nowhere\",\"code\":404,"
                                 "\"error\":\"there is no path '/nowhere'\"}\n"));
    cleanup(reply_clear) struct http_reply page = ask(&whole->plain, get("/metrics"));
    assert_non_null(strstr(page.body.data, "requests_total{path=\"other\",code=\"404\"} 1\n"));
}

static void a_late_body_is_not_decided(void **state)
{
    struct whole *whole = *state;
    struct http_request request = post("/v1/postgresqls", STR("{}"));
    request.timeout = "1s";
    request.arrived = http_clock() - 1000000001;
    cleanup(reply_clear) struct http_reply reply = ask(&whole->webhook, request);
    assert_int_equal(reply.status, 503);
    assert_true(reply.retry);
    assert_string_equal(reply.body.data, "the body took longer than the timeout of 1s\n");
}

static void a_malformed_timeout_is_none(void **state)
{
    struct whole *whole = *state;
    struct http_request request = post("/v1/postgresqls", STR("{}"));
    request.timeout = "-1s";
    free(logged(whole));
    cleanup(reply_clear) struct http_reply reply = ask(&whole->webhook, request);
    assert_int_equal(reply.status, 400);
    autofree char *text = logged(whole);
    assert_non_null(strstr(text, "\"timeout is not a duration\",\"timeout\":\"-1s\""));
}

static void callers_without_a_certificate_are_401(void **state)
{
    struct whole *whole = *state;
    cleanup(ca_pair_done) struct ca_pair ca = {BUF(0), BUF(0)};
    struct error err;
    assert_true(ca_make("callers", 1, time(NULL), &ca, &err));
    assert_true(tls_set_client_ca(whole->service.tls, buf_str(&ca.certificate), &err));
    is_refused(&whole->webhook, post("/nowhere", STR("{}")), 401,
               "a client certificate is required, and none was sent (tls.clientCAFile)\n");
    cleanup(reply_clear) struct http_reply alive = ask(&whole->plain, get("/livez"));
    assert_int_equal(alive.status, 200);
}

static void not_ready_while_draining(void **state)
{
    struct whole *whole = *state;
    atomic_store(&whole->service.draining, true);
    is_refused(&whole->plain, get("/readyz"), 503, "draining: the process is about to stop\n");
    cleanup(reply_clear) struct http_reply alive = ask(&whole->plain, get("/livez"));
    assert_int_equal(alive.status, 200);
    assert_string_equal(alive.body.data, "ok\n");
}

static void every_reason_not_to_be_ready_has_its_line(void **state)
{
    struct whole *whole = *state;
    cleanup(buf_clear) struct buf why = BUF(1024);
    atomic_store(&whole->service.draining, true);
    assert_false(service_ready(&whole->service, 0, &why));
    assert_true(str_starts(buf_str(&why), STR("draining: the process is about to stop\n"
                                              "tls: the certificate is not valid before 20")));
    buf_clear(&why);
    atomic_store(&whole->service.draining, false);
    assert_false(service_ready(&whole->service, INT64_C(9999999999), &why));
    assert_true(str_starts(buf_str(&why), STR("tls: the certificate is expired since 20")));
}

static void ready_otherwise(void **state)
{
    struct whole *whole = *state;
    cleanup(reply_clear) struct http_reply reply = ask(&whole->plain, get("/readyz"));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body.data, "ok\n");
}

static void a_decision_is_answered_logged_and_counted(void **state)
{
    struct whole *whole = *state;
    struct str review =
        STR("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
            "\"uid\":\"u-1\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
            "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
            "\"name\":\"web\",\"namespace\":\"lab\",\"operation\":\"CREATE\",\"dryRun\":true,"
            "\"object\":{"
            "\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"},"
            "\"spec\":{\"containers\":[{\"name\":\"web\"}]}}}}");
    free(logged(whole));
    cleanup(reply_clear) struct http_reply reply =
        ask(&whole->webhook, post("/v1/pods/restore/enabled", review));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.content_type, "application/json");
    assert_non_null(strstr(reply.body.data, "\"uid\":\"u-1\""));
    autofree char *text = logged(whole);
    assert_non_null(strstr(text, "\"msg\":\"decision\",\"uid\":\"u-1\",\"kind\":\"restore\","
                                 "\"ns\":\"lab\",\"name\":\"web\",\"operation\":\"CREATE\","
                                 "\"decision\":\"untouched\",\"reason\":\"not-spilo\","));
    assert_non_null(strstr(text, "\"code\":200,\"dryRun\":true}\n"));
    cleanup(reply_clear) struct http_reply page = ask(&whole->plain, get("/metrics"));
    assert_non_null(strstr(page.body.data, "decisions_total{kind=\"restore\","
                                           "decision=\"untouched\",reason=\"not-spilo\","));
    assert_non_null(strstr(page.body.data,
                           "requests_total{path=\"/v1/pods/restore/{profile}\",code=\"200\"} 1\n"));
    assert_non_null(strstr(page.body.data, "request_duration_seconds_count 1\n"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(other_paths_are_404),
        CASE(other_methods_are_405),
        CASE(other_content_is_415),
        CASE(a_refusal_is_logged_and_counted),
        CASE(a_late_body_is_not_decided),
        CASE(a_malformed_timeout_is_none),
        CASE(callers_without_a_certificate_are_401),
        CASE(not_ready_while_draining),
        CASE(every_reason_not_to_be_ready_has_its_line),
        CASE(ready_otherwise),
        CASE(a_decision_is_answered_logged_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
