#include "server/archive/report.h"

#include "base/mem.h"

void report_add(struct report *report, enum finding_kind kind, const char *code, const char *object,
                const char *what, const char *means, const char *way_out)
{
    report->kinds[kind]++;
    if (report->finding_count == REPORT_FINDINGS_MAX) {
        report->findings_dropped++;
        return;
    }
    report->findings =
        xrealloc(report->findings, (report->finding_count + 1) * sizeof *report->findings);
    report->findings[report->finding_count++] = (struct finding){
        kind, code, xstrdup(object), xstrdup(what), xstrdup(means), xstrdup(way_out),
    };
}

size_t report_count(const struct report *report, enum finding_kind kind)
{
    return report->kinds[kind];
}

size_t report_backups_in(const struct report *report, enum backup_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < report->backup_count; i++)
        count += report->backups[i].state == state;
    return count;
}

const struct report_backup *report_newest_usable(const struct report *report)
{
    for (size_t i = report->backup_count; i > 0; i--)
        if (report->backups[i - 1].state == BACKUP_USABLE)
            return &report->backups[i - 1];
    return NULL;
}

int64_t report_reaches(const struct report_backup *backup)
{
    return backup->state == BACKUP_DAMAGED ? 0 : backup->reaches;
}

void report_done(struct report *report)
{
    for (size_t i = 0; i < report->backup_count; i++) {
        free(report->backups[i].name);
        free(report->backups[i].parent);
        free(report->backups[i].reaches_wal);
    }
    for (size_t i = 0; i < report->finding_count; i++) {
        free(report->findings[i].object);
        free(report->findings[i].what);
        free(report->findings[i].means);
        free(report->findings[i].way_out);
    }
    free(report->backups);
    free(report->findings);
    free(report->prefix);
    free(report->wal_newest);
    *report = (struct report){0};
}
