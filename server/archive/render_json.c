#include "server/archive/render.h"

#include "base/mem.h"
#include "server/archive/render_member.h"

/* 0 is "not known". */
static void add_known(struct buf *out, const char *key, uint64_t number)
{
    render_key(out, key);
    if (number)
        buf_addf(out, "%llu", (unsigned long long)number);
    else
        buf_add_text(out, "null");
}

static void add_number(struct buf *out, const char *key, uint64_t number)
{
    render_key(out, key);
    buf_addf(out, "%llu", (unsigned long long)number);
}

/* As text: many readers of JSON lose the digits behind 2^53. */
static void add_system_identifier(struct buf *out, uint64_t number)
{
    render_key(out, "systemIdentifier");
    if (number)
        buf_addf(out, "\"%llu\"", (unsigned long long)number);
    else
        buf_add_text(out, "null");
}

static void add_lsn(struct buf *out, const char *key, uint64_t lsn)
{
    render_key(out, key);
    if (lsn)
        buf_addf(out, "\"%X/%X\"", (unsigned)(lsn >> 32), (unsigned)lsn);
    else
        buf_add_text(out, "null");
}

static void add_backup(struct buf *out, const struct report_backup *backup)
{
    buf_add_char(out, '{');
    render_member_text(out, "name", backup->name);
    render_member_text(out, "kind", backup->parent ? "delta" : "full");
    render_member_text(out, "parent", backup->parent);
    render_member_text(out, "state", render_state_name(backup->state));
    render_key(out, "permanent");
    buf_add_text(out, backup->permanent ? "true" : "false");
    render_member_time(out, "start", backup->start);
    render_member_time(out, "finish", backup->finish);
    add_known(out, "timeline", backup->timeline);
    add_lsn(out, "startLsn", backup->start_lsn);
    add_lsn(out, "finishLsn", backup->finish_lsn);
    add_known(out, "pgVersion", backup->pg_version);
    add_system_identifier(out, backup->system_identifier);
    add_number(out, "bytes", backup->size);
    render_member_time(out, "restoresUntil", report_reaches(backup));
    render_member_text(out, "restoresUntilWal",
                       report_reaches(backup) ? backup->reaches_wal : NULL);
    buf_add_char(out, '}');
}

static void add_finding(struct buf *out, const struct finding *finding)
{
    buf_add_char(out, '{');
    render_member_text(out, "kind", render_kind_name(finding->kind));
    render_member_text(out, "code", finding->code);
    render_member_text(out, "object", finding->object);
    render_member_text(out, "what", finding->what);
    render_member_text(out, "means", finding->means);
    render_member_text(out, "wayOut", finding->way_out);
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
    render_member_text(out, "verdict", verdict_word(report));
    render_member_text(out, "summary", buf_str(&text).data);
    render_member_time(out, "restoresUntil", newest ? newest->reaches : 0);
    render_key(out, "counts");
    buf_add_char(out, '{');
    add_number(out, "damage", report_count(report, FINDING_DAMAGE));
    add_number(out, "unknown", report_count(report, FINDING_UNKNOWN));
    add_number(out, "notes", report_count(report, FINDING_NOTE));
    add_number(out, "notShown", report->findings_dropped);
    buf_add_char(out, '}');
}

static void add_wal(struct buf *out, const struct report *report)
{
    render_key(out, "wal");
    buf_add_char(out, '{');
    add_number(out, "segments", report->wal_segments);
    add_number(out, "bytes", report->wal_bytes);
    add_known(out, "segmentSize", report->wal_segment_size);
    render_member_text(out, "newest", report->wal_newest);
    render_member_time(out, "newestTime", report->wal_newest_time);
    buf_add_char(out, '}');
}

void render_json(const struct report *report, struct buf *out)
{
    buf_add_char(out, '{');
    render_member_text(out, "prefix", report->prefix);
    render_member_time(out, "checked", report->now);
    add_verdict(out, report);
    add_system_identifier(out, report->system_identifier);
    render_key(out, "backups");
    buf_add_char(out, '[');
    for (size_t i = 0; i < report->backup_count; i++) {
        buf_add_text(out, i ? "," : "");
        add_backup(out, &report->backups[i]);
    }
    buf_add_char(out, ']');
    add_wal(out, report);
    render_key(out, "findings");
    buf_add_char(out, '[');
    for (size_t i = 0; i < report->finding_count; i++) {
        buf_add_text(out, i ? "," : "");
        add_finding(out, &report->findings[i]);
    }
    buf_add_text(out, "]}\n");
}
