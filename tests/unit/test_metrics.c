#include "server/metrics.h"

#include "base/mem.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *page_of(const struct metrics *metrics)
{
    struct buf page = BUF(METRICS_PAGE_MAX);
    metrics_write(metrics, &page);
    return buf_take(&page);
}

static void page_has(const struct metrics *metrics, const char *line)
{
    autofree char *page = page_of(metrics);
    autofree char *wanted = xasprintf("\n%s\n", line);
    if (!strstr(page, wanted))
        fail_msg("'%s' is not in:\n%s", line, page);
}

static struct admit_summary decided(const char *profile)
{
    struct admit_summary summary = {.state = "denied", .reason = "image-too-old", .dry_run = true};
    snprintf(summary.profile, sizeof(summary.profile), "%s", profile);
    return summary;
}

static void profiles_are_bounded(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    char name[32];
    for (int i = 0; i < METRICS_PROFILE_SERIES_MAX + 5; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        struct admit_summary summary = decided(name);
        metrics_decision(metrics, "restore", &summary);
    }
    page_has(metrics, "harbor_pg_webhook_decisions_total{kind=\"restore\",decision=\"denied\","
                      "reason=\"image-too-old\",profile=\"p1023\",dry_run=\"true\"} 1");
    page_has(metrics, "harbor_pg_webhook_decisions_total{kind=\"restore\",decision=\"denied\","
                      "reason=\"image-too-old\",profile=\"other\",dry_run=\"true\"} 5");
    metrics_free(metrics);
    metrics_free(NULL);
}

static void labels_are_escaped(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    metrics_request(metrics, "a\"b\\c\nd", 200);
    page_has(metrics, "harbor_pg_webhook_requests_total{path=\"a\\\"b\\\\c\\nd\",code=\"200\"} 1");
    metrics_free(metrics);
}

static void requests_and_decisions_are_counted(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    metrics_request(metrics, "/v1/postgresqls", 200);
    metrics_request(metrics, "/v1/postgresqls", 200);
    metrics_request(metrics, "/v1/postgresqls", 400);
    struct admit_summary summary = {.state = "repaired", .reason = "repaired"};
    metrics_decision(metrics, "postgresql", &summary);
    page_has(metrics, "harbor_pg_webhook_requests_total{path=\"/v1/postgresqls\",code=\"200\"} 2");
    page_has(metrics, "harbor_pg_webhook_requests_total{path=\"/v1/postgresqls\",code=\"400\"} 1");
    page_has(metrics, "harbor_pg_webhook_decisions_total{kind=\"postgresql\",decision=\"repaired\","
                      "reason=\"repaired\",profile=\"\",dry_run=\"false\"} 1");
    metrics_free(metrics);
}

static void durations_fall_into_buckets(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    metrics_duration(metrics, 10000);
    metrics_duration(metrics, 10001);
    metrics_duration(metrics, 10000000000);
    metrics_duration(metrics, 30000000000);
    const char *const lines[] = {
        "# TYPE harbor_pg_webhook_request_duration_seconds histogram",
        "harbor_pg_webhook_request_duration_seconds_bucket{le=\"1e-05\"} 1",
        "harbor_pg_webhook_request_duration_seconds_bucket{le=\"2.5e-05\"} 2",
        "harbor_pg_webhook_request_duration_seconds_bucket{le=\"5\"} 2",
        "harbor_pg_webhook_request_duration_seconds_bucket{le=\"10\"} 3",
        "harbor_pg_webhook_request_duration_seconds_bucket{le=\"+Inf\"} 4",
        "harbor_pg_webhook_request_duration_seconds_sum 40.000020001",
        "harbor_pg_webhook_request_duration_seconds_count 4",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        page_has(metrics, lines[i]);
    metrics_free(metrics);
}

static void gauges_follow(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    page_has(metrics, "harbor_pg_webhook_config_last_reload_successful 0");
    page_has(metrics, "harbor_pg_webhook_certificate_not_after_timestamp_seconds 0");
    metrics_config_loaded(metrics, true);
    metrics_certificate(metrics, 1795140000);
    page_has(metrics, "harbor_pg_webhook_config_last_reload_successful 1");
    page_has(metrics, "harbor_pg_webhook_certificate_not_after_timestamp_seconds 1795140000");
    metrics_free(metrics);
}

/* Every family has its help and its type before its samples, once. */
static void families_are_introduced(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_new();
    autofree char *page = page_of(metrics);
    const char *const families[] = {
        "harbor_pg_webhook_requests_total counter",
        "harbor_pg_webhook_decisions_total counter",
        "harbor_pg_webhook_request_duration_seconds histogram",
        "harbor_pg_webhook_certificate_not_after_timestamp_seconds gauge",
        "harbor_pg_webhook_config_last_reload_successful gauge",
        "harbor_pg_webhook_build_info gauge",
        "process_cpu_seconds_total counter",
        "process_resident_memory_bytes gauge",
        "process_virtual_memory_bytes gauge",
        "process_open_fds gauge",
        "process_max_fds gauge",
        "process_start_time_seconds gauge",
    };
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        autofree char *type = xasprintf("# TYPE %s\n", families[i]);
        const char *place = strstr(page, type);
        assert_non_null(place);
        assert_null(strstr(place + 1, type));
    }
    assert_non_null(strstr(page, "harbor_pg_webhook_build_info{version=\""));
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_are_bounded),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(requests_and_decisions_are_counted),
        cmocka_unit_test(durations_fall_into_buckets),
        cmocka_unit_test(gauges_follow),
        cmocka_unit_test(families_are_introduced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
