#include "server/archive/history.h"

#include "base/mem.h"

#define HEX_MAX 8

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word, which it takes off; empty at the end of the line. */
static struct str word(struct str *line)
{
    while (line->length && is_blank(line->data[0]))
        *line = str_skip(*line, 1);
    struct str found = {line->data, 0};
    while (found.length < line->length && !is_blank(line->data[found.length]))
        found.length++;
    *line = str_skip(*line, found.length);
    return found;
}

static bool hex(struct str text, uint64_t *ret)
{
    uint64_t value = 0;
    if (!text.length || text.length > HEX_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                 : -1;
        if (digit < 0)
            return false;
        value = value * 16 + (uint64_t)digit;
    }
    *ret = value;
    return true;
}

/* "0/60000A0" */
static bool lsn(struct str text, uint64_t *ret)
{
    const long slash = str_find(text, STR("/"));
    uint64_t high, low;
    if (slash < 0 || !hex((struct str){text.data, (size_t)slash}, &high) ||
        !hex(str_skip(text, (size_t)slash + 1), &low))
        return false;
    *ret = high << 32 | low;
    return true;
}

static bool add(struct history *history, struct str line, uint32_t timeline, unsigned number,
                struct error *err)
{
    uint64_t parent, end;
    struct str first = word(&line);
    if (!first.length || first.data[0] == '#')
        return true;
    if (!str_number(first, &parent) || !parent || !lsn(word(&line), &end))
        return error_set(err, "line %u is not \"<timeline> <LSN> <reason>\"", number);
    const struct history_entry *last =
        history->count ? &history->entries[history->count - 1] : NULL;
    if (parent >= timeline || (last && parent <= last->timeline))
        return error_set(err, "line %u has timeline %llu out of order", number,
                         (unsigned long long)parent);
    if (history->count == HISTORY_MAX)
        return error_set(err, "has more than %d timelines", HISTORY_MAX);
    history->entries = xrealloc(history->entries, (history->count + 1) * sizeof *history->entries);
    history->entries[history->count++] = (struct history_entry){(uint32_t)parent, end};
    return true;
}

bool history_parse(struct str text, uint32_t timeline, struct history *ret, struct error *err)
{
    struct history history = {0};
    for (unsigned number = 1; text.length; number++) {
        const long end = str_find(text, STR("\n"));
        struct str line = {text.data, end < 0 ? text.length : (size_t)end};
        text = str_skip(text, line.length + 1);
        if (!add(&history, line, timeline, number, err)) {
            history_done(&history);
            return false;
        }
    }
    if (!history.count)
        return error_set(err, "names no timeline");
    *ret = history;
    return true;
}

void history_done(struct history *history)
{
    free(history->entries);
    *history = (struct history){0};
}
