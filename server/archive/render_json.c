#include "server/archive/render.h"

#include "base/mem.h"
#include "server/archive/render_text.h"

static void add_key(struct buf *out, const char *key)
{
    struct str text = buf_str(out);
    char last = text.length ? text.data[text.length - 1] : '\0';
    buf_addf(out, "%s\"%s\":", last == '{' ? "" : ",", key);
}

static void add_text(struct buf *out, const char *key, const char *text)
{
    cleanup(buf_clear) struct buf clean = BUF(out->limit);
    add_key(out, key);
    if (!text) {
        buf_add_text(out, "null");
        return;
    }
    render_clean(&clean, str_of(text));
    buf_add_json_string(out, buf_str(&clean));
}

static void add_time(struct buf *out, const char *key, int64_t time)
{
    add_key(out, key);
    if (!time) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_char(out, '"');
    render_rfc3339(out, time);
    buf_add_char(out, '"');
}

/* 0 is "not known". */
static void add_known(struct buf *out, const char *key, uint64_t number)
{
    add_key(out, key);
    if (number)
        buf_addf(out, "%llu", (unsigned long long)number);
    else
        buf_add_text(out, "null");
}

static void add_number(struct buf *out, const char *key, uint64_t number)
{
    add_key(out, key);
    buf_addf(out, "%llu", (unsigned long long)number);
}

/* As text: many readers of JSON lose the digits behind 2^53. */
static void add_system_identifier(struct buf *out, uint64_t number)
{
    add_key(out, "systemIdentifier");
    if (number)
        buf_addf(out, "\"%llu\"", (unsigned long long)number);
    else
        buf_add_text(out, "null");
}

static void add_lsn(struct buf *out, const char *key, uint64_t lsn)
{
    add_key(out, key);
    if (lsn)
        buf_addf(out, "\"%X/%X\"", (unsigned)(lsn >> 32), (unsigned)lsn);
    else
        buf_add_text(out, "null");
}

static void add_backup(struct buf *out, const struct report_backup *backup)
{
    buf_add_char(out, '{');
    add_text(out, "name", backup->name);
    add_text(out, "kind", backup->parent ? "delta" : "full");
    add_text(out, "parent", backup->parent);
    add_text(out, "state", render_state_name(backup->state));
    add_key(out, "permanent");
    buf_add_text(out, backup->permanent ? "true" : "false");
    add_time(out, "start", backup->start);
    add_time(out, "finish", backup->finish);
    add_known(out, "timeline", backup->timeline);
    add_lsn(out, "startLsn", backup->start_lsn);
    add_lsn(out, "finishLsn", backup->finish_lsn);
    add_known(out, "pgVersion", backup->pg_version);
    add_system_identifier(out, backup->system_identifier);
    add_number(out, "bytes", backup->size);
    add_time(out, "restoresUntil", report_reaches(backup));
    add_text(out, "restoresUntilWal", report_reaches(backup) ? backup->reaches_wal : NULL);
    buf_add_char(out, '}');
}

static void add_finding(struct buf *out, const struct finding *finding)
{
    buf_add_char(out, '{');
    add_text(out, "kind", render_kind_name(finding->kind));
    add_text(out, "code", finding->code);
    add_text(out, "object", finding->object);
    add_text(out, "what", finding->what);
    add_text(out, "means", finding->means);
    add_text(out, "wayOut", finding->way_out);
    buf_add_char(out, '}');
}

static const char *verdict_word(const struct report *report)
{
    if (report_count(report, FINDING_DAMAGE))
        return "findings";
    return report_count(report, FINDING_UNKNOWN) ? "unknown" : "usable";
}

static void add_verdict(struct buf *out, const struct report *report)
{
    cleanup(buf_clear) struct buf text = BUF(1024);
    const struct report_backup *newest = report_newest_usable(report);
    render_verdict(report, &text);
    add_text(out, "verdict", verdict_word(report));
    add_text(out, "summary", buf_str(&text).data);
    add_time(out, "restoresUntil", newest ? newest->reaches : 0);
    add_key(out, "counts");
    buf_add_char(out, '{');
    add_number(out, "damage", report_count(report, FINDING_DAMAGE));
    add_number(out, "unknown", report_count(report, FINDING_UNKNOWN));
    add_number(out, "notes", report_count(report, FINDING_NOTE));
    add_number(out, "notShown", report->findings_dropped);
    buf_add_char(out, '}');
}

static void add_wal(struct buf *out, const struct report *report)
{
    add_key(out, "wal");
    buf_add_char(out, '{');
    add_number(out, "segments", report->wal_segments);
    add_number(out, "bytes", report->wal_bytes);
    add_known(out, "segmentSize", report->wal_segment_size);
    add_text(out, "newest", report->wal_newest);
    add_time(out, "newestTime", report->wal_newest_time);
    buf_add_char(out, '}');
}

void render_json(const struct report *report, struct buf *out)
{
    buf_add_char(out, '{');
    add_text(out, "prefix", report->prefix);
    add_time(out, "checked", report->now);
    add_verdict(out, report);
    add_system_identifier(out, report->system_identifier);
    add_key(out, "backups");
    buf_add_char(out, '[');
    for (size_t i = 0; i < report->backup_count; i++) {
        buf_add_text(out, i ? "," : "");
        add_backup(out, &report->backups[i]);
    }
    buf_add_char(out, ']');
    add_wal(out, report);
    add_key(out, "findings");
    buf_add_char(out, '[');
    for (size_t i = 0; i < report->finding_count; i++) {
        buf_add_text(out, i ? "," : "");
        add_finding(out, &report->findings[i]);
    }
    buf_add_text(out, "]}\n");
}
