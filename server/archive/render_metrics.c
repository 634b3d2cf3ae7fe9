#include "server/archive/render_metrics.h"

#include "server/archive/render_text.h"

#define PREFIX "harbor_pg_webhook_backup_"

struct archive_numbers archive_numbers_of(const struct report *report, int64_t ended,
                                          int64_t verified_before)
{
    const struct report_backup *newest = report_newest_usable(report);
    size_t unknown = report_count(report, FINDING_UNKNOWN);
    return (struct archive_numbers){
        .prefix = report->prefix,
        .looked = true,
        .findings = report_count(report, FINDING_DAMAGE),
        .unknown = unknown,
        .backup_time = newest ? newest->finish : 0,
        .wal_time = report->wal_newest_time,
        .verified = unknown ? verified_before : ended,
    };
}

/* Whether there is a sample, and its value. */
typedef bool (*sample)(const struct archive_numbers *archive, int64_t now, long long *ret);

static bool findings(const struct archive_numbers *archive, int64_t now, long long *ret)
{
    (void)now;
    *ret = (long long)archive->findings;
    return archive->looked;
}

static bool unknown(const struct archive_numbers *archive, int64_t now, long long *ret)
{
    (void)now;
    *ret = (long long)archive->unknown;
    return archive->looked;
}

static bool age(const struct archive_numbers *archive, int64_t now, long long *ret)
{
    *ret = now - archive->backup_time;
    return archive->backup_time != 0;
}

static bool wal_age(const struct archive_numbers *archive, int64_t now, long long *ret)
{
    *ret = now - archive->wal_time;
    return archive->wal_time != 0;
}

static bool verified(const struct archive_numbers *archive, int64_t now, long long *ret)
{
    (void)now;
    *ret = archive->verified;
    return archive->verified != 0;
}

static const struct {
    const char *name;
    const char *help;
    sample take;
} families[] = {
    {PREFIX "findings", "What the last look at the archive found to be wrong.", findings},
    {PREFIX "unknown", "What the last look at the archive could not tell.", unknown},
    {PREFIX "age_seconds", "Age of the newest usable backup; absent without one.", age},
    {PREFIX "wal_age_seconds", "Age of the newest archived WAL segment; absent without one.",
     wal_age},
    {PREFIX "verified_timestamp_seconds",
     "End of the last look that could tell everything, in seconds since the epoch.", verified},
};

/* As the exposition format wants a label's value. */
static void add_label(struct buf *page, const char *text)
{
    struct buf clean = BUF(page->limit);
    render_clean(&clean, str_of(text));
    struct str value = buf_str(&clean);
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            buf_add_char(page, '\\');
        buf_add_char(page, value.data[i]);
    }
    buf_clear(&clean);
}

void render_metrics(const struct archive_numbers *archives, size_t count, int64_t now,
                    struct buf *page)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
        const char *name = families[i].name;
        buf_addf(page, "# HELP %s %s\n# TYPE %s gauge\n", name, families[i].help, name);
        for (size_t j = 0; j < count; j++) {
            long long value;
            if (!families[i].take(&archives[j], now, &value))
                continue;
            buf_addf(page, "%s{prefix=\"", name);
            add_label(page, archives[j].prefix);
            buf_addf(page, "\"} %lld\n", value);
        }
    }
}
