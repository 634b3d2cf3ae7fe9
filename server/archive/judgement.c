#include "server/archive/judgement.h"

#include "base/mem.h"
#include "server/archive/render_text.h"

void judgement_find(struct report *report, enum finding_kind kind, const char *code, char *object,
                    char *what, char *means, const char *way_out)
{
    report_add(report, kind, code, object, what, means, way_out);
    free(object);
    free(what);
    free(means);
}

/* To the minute: when a segment was archived says no more about the transactions in it. */
char *judgement_time(int64_t time)
{
    struct buf text = BUF(64);
    render_time(&text, time);
    char *full = buf_take(&text);
    char *seconds = strrchr(full, ':');
    if (seconds)
        *seconds = '\0';
    char *ret = xasprintf("%s UTC", full);
    free(full);
    return ret;
}

char *judgement_sentinel(const struct backup_facts *facts)
{
    return xasprintf(NAMES_BACKUPS "%s" NAMES_SENTINEL, facts->name);
}

char *judgement_key(const struct backup_facts *facts, const char *name)
{
    return xasprintf(NAMES_BACKUPS "%s%s", facts->name, name);
}
