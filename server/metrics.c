#include "server/metrics.h"

#include "base/mem.h"
#include "server/process.h"
#include "server/series.h"
#include "server/version.h"

#include <stdatomic.h>
#include <stdio.h>

#define PREFIX "harbor_pg_webhook_"

struct bucket {
    uint64_t nanos;
    const char *text; /* in seconds */
};

static const struct bucket buckets[] = {
    {10000, "1e-05"},    {25000, "2.5e-05"},  {50000, "5e-05"},    {100000, "0.0001"},
    {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},  {2500000, "0.0025"},
    {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"}, {50000000, "0.05"},
    {100000000, "0.1"},  {250000000, "0.25"}, {500000000, "0.5"},  {1000000000, "1"},
    {2500000000, "2.5"}, {5000000000, "5"},   {10000000000, "10"},
};

#define BUCKET_COUNT (sizeof(buckets) / sizeof(buckets[0]))

/* Series without a profile are bounded by the code: kinds x decisions x reasons x dry run. */
#define DECISION_SERIES_MAX (METRICS_PROFILE_SERIES_MAX + 4 * 5 * REASON_COUNT * 2)

/* Routes x status codes; both come from the code. */
#define REQUEST_SERIES_MAX 256

struct metrics {
    struct series *requests;
    struct series *decisions;
    atomic_uint_fast64_t durations[BUCKET_COUNT + 1]; /* the last one has no upper end */
    atomic_uint_fast64_t duration_nanos;
    atomic_bool config_loaded;
    atomic_int_fast64_t certificate_end;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = xcalloc(1, sizeof(*metrics));
    metrics->requests = series_new(REQUEST_SERIES_MAX);
    metrics->decisions = series_new(DECISION_SERIES_MAX);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    series_free(metrics->requests);
    series_free(metrics->decisions);
    free(metrics);
}

/* Adds name="value", escaped as the exposition format wants it. */
static void add_label(struct buf *labels, const char *name, const char *value)
{
    buf_addf(labels, "%s%s=\"", labels->length ? "," : "", name);
    for (; *value; value++) {
        if (*value == '\n')
            buf_add_text(labels, "\\n");
        else if (*value == '"' || *value == '\\')
            buf_addf(labels, "\\%c", *value);
        else
            buf_add_char(labels, *value);
    }
    buf_add_char(labels, '"');
}

void metrics_request(struct metrics *metrics, const char *path, unsigned code)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", code);
    cleanup(buf_clear) struct buf labels = BUF(1024);
    add_label(&labels, "path", path);
    add_label(&labels, "code", text);
    bool counted = series_count(metrics->requests, buf_str(&labels), SIZE_MAX);
    (void)counted; /* both labels are bounded by the code */
}

void metrics_duration(struct metrics *metrics, uint64_t nanos)
{
    size_t i = 0;
    while (i < BUCKET_COUNT && nanos > buckets[i].nanos)
        i++;
    atomic_fetch_add_explicit(&metrics->durations[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->duration_nanos, nanos, memory_order_relaxed);
}

static bool count_decision(struct metrics *metrics, const char *kind,
                           const struct admit_summary *summary, const char *profile, size_t most)
{
    cleanup(buf_clear) struct buf labels = BUF(1024);
    add_label(&labels, "kind", kind);
    add_label(&labels, "decision", summary->state);
    add_label(&labels, "reason", summary->reason);
    add_label(&labels, "profile", profile);
    add_label(&labels, "dry_run", summary->dry_run ? "true" : "false");
    return series_count(metrics->decisions, buf_str(&labels), most);
}

void metrics_decision(struct metrics *metrics, const char *kind,
                      const struct admit_summary *summary)
{
    bool counted =
        count_decision(metrics, kind, summary, summary->profile, METRICS_PROFILE_SERIES_MAX) ||
        count_decision(metrics, kind, summary, "other", SIZE_MAX);
    (void)counted; /* the capacity covers every series without a profile */
}

void metrics_config_loaded(struct metrics *metrics, bool successful)
{
    atomic_store(&metrics->config_loaded, successful);
}

void metrics_certificate(struct metrics *metrics, int64_t not_after)
{
    atomic_store(&metrics->certificate_end, not_after);
}

static void write_head(struct buf *page, const char *name, const char *type, const char *help)
{
    buf_addf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_durations(const struct metrics *metrics, struct buf *page)
{
    const char *name = PREFIX "request_duration_seconds";
    write_head(page, name, "histogram",
               "Time from the headers of a request on the webhook port to its answer.");
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        sum += atomic_load(&metrics->durations[i]);
        buf_addf(page, "%s_bucket{le=\"%s\"} %llu\n", name, buckets[i].text,
                 (unsigned long long)sum);
    }
    sum += atomic_load(&metrics->durations[BUCKET_COUNT]);
    buf_addf(page, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.9f\n%s_count %llu\n", name,
             (unsigned long long)sum, name, (double)atomic_load(&metrics->duration_nanos) / 1e9,
             name, (unsigned long long)sum);
}

struct gauge {
    const char *name;
    const char *type;
    const char *help;
    double value;
    int decimals;
};

static void write_each(const struct gauge *gauges, size_t count, struct buf *page)
{
    for (size_t i = 0; i < count; i++) {
        const struct gauge *gauge = &gauges[i];
        write_head(page, gauge->name, gauge->type, gauge->help);
        buf_addf(page, "%s %.*f\n", gauge->name, gauge->decimals, gauge->value);
    }
}

static void write_gauges(const struct metrics *metrics, struct buf *page)
{
    const struct gauge gauges[] = {
        {PREFIX "certificate_not_after_timestamp_seconds", "gauge",
         "End of the serving certificate in seconds since the epoch, 0 without one.",
         (double)atomic_load(&metrics->certificate_end), 0},
        {PREFIX "config_last_reload_successful", "gauge",
         "Whether the last load of the configuration succeeded.",
         atomic_load(&metrics->config_loaded), 0},
    };
    write_each(gauges, sizeof(gauges) / sizeof(gauges[0]), page);
}

void metrics_write_process(struct buf *page)
{
    struct process_stats process;
    process_stats(&process);
    const struct gauge gauges[] = {
        {"process_cpu_seconds_total", "counter", "CPU time spent, user and system, in seconds.",
         process.cpu_seconds, 2},
        {"process_resident_memory_bytes", "gauge", "Resident memory in bytes.",
         (double)process.resident_bytes, 0},
        {"process_virtual_memory_bytes", "gauge", "Virtual memory in bytes.",
         (double)process.virtual_bytes, 0},
        {"process_open_fds", "gauge", "Open file descriptors.", (double)process.open_fds, 0},
        {"process_max_fds", "gauge", "Most file descriptors that may be open.",
         (double)process.max_fds, 0},
        {"process_start_time_seconds", "gauge", "Start of the process in seconds since the epoch.",
         process.start_time, 2},
    };
    write_each(gauges, sizeof(gauges) / sizeof(gauges[0]), page);
    cleanup(buf_clear) struct buf labels = BUF(1024);
    add_label(&labels, "version", VERSION);
    add_label(&labels, "commit", VERSION_COMMIT);
    write_head(page, PREFIX "build_info", "gauge", "Which build this is; always 1.");
    buf_addf(page, PREFIX "build_info{%.*s} 1\n", STR_ARG(buf_str(&labels)));
}

void metrics_write(const struct metrics *metrics, struct buf *page)
{
    write_head(page, PREFIX "requests_total", "counter", "Answered requests.");
    series_write(metrics->requests, PREFIX "requests_total", page);
    write_head(page, PREFIX "decisions_total", "counter", "Decisions by what came of them.");
    series_write(metrics->decisions, PREFIX "decisions_total", page);
    write_durations(metrics, page);
    write_gauges(metrics, page);
    metrics_write_process(page);
}
