#include "server/archive/render.h"

#include "base/mem.h"
#include "server/archive/render_text.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

const char *render_kind_name(enum finding_kind kind)
{
    static const char *const names[] = {
        [FINDING_DAMAGE] = "damage", [FINDING_UNKNOWN] = "unknown", [FINDING_NOTE] = "note"};
    return names[kind];
}

const char *render_state_name(enum backup_state state)
{
    static const char *const names[] = {
        [BACKUP_USABLE] = "usable", [BACKUP_DAMAGED] = "damaged", [BACKUP_UNKNOWN] = "unknown"};
    return names[state];
}

/* The text, in the colour if the style has any, and blanks up to the width of the cell. */
static void add_cell(struct buf *out, struct render_style style, const char *colour,
                     struct str text, size_t width)
{
    bool coloured = style.colour && colour;
    buf_addf(out, "%s%.*s%s", coloured ? colour : "", STR_ARG(text), coloured ? PLAIN : "");
    buf_addf(out, "%*s  ", (int)(text.length < width ? width - text.length : 0), "");
}

/* ---- what there is ---- */

enum { WIDTH_TIME = 19, WIDTH_KIND = 5, WIDTH_SIZE = 10, WIDTH_TIMELINE = 8, WIDTH_STATE = 7 };

static void add_backup(struct buf *out, struct render_style style,
                       const struct report_backup *backup)
{
    static const char *const colours[] = {
        [BACKUP_USABLE] = GREEN, [BACKUP_DAMAGED] = RED, [BACKUP_UNKNOWN] = YELLOW};
    cleanup(buf_clear) struct buf finish = BUF(64);
    cleanup(buf_clear) struct buf size = BUF(64);
    cleanup(buf_clear) struct buf timeline = BUF(64);
    cleanup(buf_clear) struct buf until = BUF(64);
    render_time(&finish, backup->finish);
    render_size(&size, backup->size);
    buf_addf(&timeline, "%u", backup->timeline);
    render_time(&until, report_reaches(backup));
    add_cell(out, style, NULL, buf_str(&finish), WIDTH_TIME);
    add_cell(out, style, NULL, str_of(backup->parent ? "delta" : "full"), WIDTH_KIND);
    add_cell(out, style, NULL, buf_str(&size), WIDTH_SIZE);
    add_cell(out, style, NULL, buf_str(&timeline), WIDTH_TIMELINE);
    add_cell(out, style, colours[backup->state], str_of(render_state_name(backup->state)),
             WIDTH_STATE);
    add_cell(out, style, NULL, buf_str(&until), WIDTH_TIME);
    render_clean(out, str_of(backup->name));
    buf_add_text(out, backup->permanent ? " (permanent)\n" : "\n");
}

static void add_wal(struct buf *out, const struct report *report)
{
    if (!report->wal_segments) {
        buf_addf(out, "WAL: %s\n", report->wal_unlisted ? "not known" : "none");
        return;
    }
    buf_addf(out, "WAL: %llu segment%s", (unsigned long long)report->wal_segments,
             report->wal_segments == 1 ? "" : "s");
    if (report->wal_segment_size) {
        buf_add_text(out, " of ");
        render_size(out, report->wal_segment_size);
    }
    buf_add_text(out, " (");
    render_size(out, report->wal_bytes);
    buf_add_text(out, " stored)");
    if (report->wal_newest) {
        buf_addf(out, ", the newest is %s", report->wal_newest);
        if (report->wal_newest_time) {
            buf_add_text(out, ", archived ");
            render_time(out, report->wal_newest_time);
            buf_add_text(out, " UTC");
        }
    }
    buf_add_char(out, '\n');
}

void render_backups(const struct report *report, struct render_style style, struct buf *out)
{
    render_clean(out, str_of(report->prefix));
    buf_add_text(out, "\n\n");
    if (report->backup_count)
        buf_addf(out, "%s%-19s  %-5s  %-10s  %-8s  %-7s  %-19s  %s%s\n", style.colour ? BOLD : "",
                 "FINISHED (UTC)", "KIND", "SIZE", "TIMELINE", "STATE", "RESTORES UNTIL", "BACKUP",
                 style.colour ? PLAIN : "");
    else
        buf_add_text(out, report->backups_unlisted ? "backups: not known\n" : "no backups\n");
    for (size_t i = 0; i < report->backup_count; i++)
        add_backup(out, style, &report->backups[i]);
    buf_add_char(out, '\n');
    add_wal(out, report);
    if (report->system_identifier)
        buf_addf(out, "system identifier: %llu\n", (unsigned long long)report->system_identifier);
}

/* ---- what was found ---- */

static void add_line(struct buf *out, const char *name, const char *text, size_t width)
{
    enum { INDENT = 11 };
    if (!text[0])
        return;
    buf_addf(out, "  %-*s", INDENT - 2, name);
    render_wrapped(out, str_of(text), INDENT, width);
}

static void add_finding(struct buf *out, struct render_style style, const struct finding *finding)
{
    static const struct {
        const char *colour;
        const char *name;
    } kinds[] = {[FINDING_DAMAGE] = {BOLD RED, "finding"},
                 [FINDING_UNKNOWN] = {BOLD YELLOW, "could not tell"},
                 [FINDING_NOTE] = {BOLD, "note"}};
    buf_addf(out, "\n%s%s: %s%s  ", style.colour ? kinds[finding->kind].colour : "",
             kinds[finding->kind].name, finding->code, style.colour ? PLAIN : "");
    render_clean(out, str_of(finding->object[0] ? finding->object : "(the archive)"));
    buf_add_char(out, '\n');
    add_line(out, "found", finding->what, style.width);
    add_line(out, "means", finding->means, style.width);
    add_line(out, "way out", finding->way_out, style.width);
}

/* ---- the verdict ---- */

/* WAL behind a hole, or on a timeline that nothing leads to. */
static bool is_beyond(const struct report *report, const struct report_backup *newest)
{
    return newest->reaches_wal && report->wal_newest &&
           strcmp(newest->reaches_wal, report->wal_newest) != 0;
}

static void add_reach(struct buf *out, const struct report *report,
                      const struct report_backup *newest)
{
    if (!newest->reaches) {
        buf_add_text(out, "how far a restore reaches is not known");
        return;
    }
    buf_add_text(out, "a restore reaches ");
    render_time(out, newest->reaches);
    buf_add_text(out, " UTC");
    if (report->now >= newest->reaches) {
        buf_add_text(out, " (");
        render_age(out, report->now - newest->reaches);
        buf_add_text(out, " ago)");
    }
    if (is_beyond(report, newest)) {
        buf_add_text(out, ", but not the newest WAL, of ");
        render_time(out, report->wal_newest_time);
        buf_add_text(out, " UTC");
    }
}

/* What can be done with it all the same. */
static void add_what_is_left(struct buf *out, const struct report *report)
{
    const struct report_backup *newest = report_newest_usable(report);
    if (newest)
        add_reach(out, report, newest);
    else if (report->backups_unlisted || report_backups_in(report, BACKUP_UNKNOWN))
        buf_add_text(out, "no backup is known to be usable");
    else
        buf_add_text(out, "nothing can be restored from here");
}

void render_verdict(const struct report *report, struct buf *out)
{
    size_t damage = report_count(report, FINDING_DAMAGE);
    size_t unknown = report_count(report, FINDING_UNKNOWN);
    size_t usable = report_backups_in(report, BACKUP_USABLE);
    if (damage) {
        buf_addf(out, "%zu finding%s: ", damage, damage == 1 ? "" : "s");
        add_what_is_left(out, report);
        if (unknown)
            buf_addf(out, "; %zu more thing%s could not be told", unknown, unknown == 1 ? "" : "s");
    } else if (unknown) {
        buf_addf(out, "could not tell: %zu thing%s not judged; ", unknown,
                 unknown == 1 ? " was" : "s were");
        add_what_is_left(out, report);
    } else {
        buf_add_text(out, "usable: ");
        add_what_is_left(out, report);
        buf_addf(out, "; %zu backup%s usable", usable, usable == 1 ? " is" : "s are");
    }
}

static const char *verdict_colour(const struct report *report)
{
    if (report_count(report, FINDING_DAMAGE))
        return BOLD RED;
    return report_count(report, FINDING_UNKNOWN) ? BOLD YELLOW : BOLD GREEN;
}

void render_report(const struct report *report, struct render_style style, struct buf *out)
{
    render_backups(report, style, out);
    for (size_t i = 0; i < report->finding_count; i++)
        add_finding(out, style, &report->findings[i]);
    if (report->findings_dropped)
        buf_addf(out, "\n%zu more that are not shown\n", report->findings_dropped);
    buf_addf(out, "\n%s", style.colour ? verdict_colour(report) : "");
    render_verdict(report, out);
    buf_addf(out, "%s\n", style.colour ? PLAIN : "");
}
