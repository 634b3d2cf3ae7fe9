#include "server/archive/render_text.h"

#include <time.h>

static void add_time(struct buf *out, int64_t time, char between, const char *zone)
{
    struct tm parts;
    time_t seconds = time;
    if (time == 0 || !gmtime_r(&seconds, &parts))
        buf_add_char(out, '-');
    else
        buf_addf(out, "%04d-%02d-%02d%c%02d:%02d:%02d%s", parts.tm_year + 1900, parts.tm_mon + 1,
                 parts.tm_mday, between, parts.tm_hour, parts.tm_min, parts.tm_sec, zone);
}

void render_time(struct buf *out, int64_t time)
{
    add_time(out, time, ' ', "");
}

void render_rfc3339(struct buf *out, int64_t time)
{
    add_time(out, time, 'T', "Z");
}

void render_age(struct buf *out, int64_t seconds)
{
    static const struct {
        int64_t below; /* seconds */
        int64_t unit;
        const char *name;
    } rows[] = {
        {120, 1, "s"},
        {2 * 3600, 60, "min"},
        {48 * 3600, 3600, "h"},
        {INT64_MAX, 24 * 3600, "days"},
    };
    size_t i = 0;
    while (seconds >= rows[i].below && rows[i].below != INT64_MAX)
        i++;
    buf_addf(out, "%lld %s", (long long)(seconds / rows[i].unit), rows[i].name);
}

void render_size(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) {
        buf_addf(out, "%llu B", (unsigned long long)bytes);
        return;
    }
    double size = (double)bytes / 1024;
    size_t i = 0;
    for (; size >= 1023.95 && i + 1 < sizeof(units) / sizeof(*units); i++)
        size /= 1024;
    buf_addf(out, "%.1f %s", size, units[i]);
}

/* Bytes of the UTF-8 character at the start; 0 when it is none, or one that steers a terminal. */
static size_t printable(struct str text)
{
    static const struct {
        unsigned char least, most, second_least, second_most;
        size_t length;
    } rows[] = {
        {0x20, 0x7e, 0x00, 0x00, 1}, {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *at = (const unsigned char *)text.data;
    size_t i = 0;
    while (i < sizeof(rows) / sizeof(*rows) && (at[0] < rows[i].least || at[0] > rows[i].most))
        i++;
    if (i == sizeof(rows) / sizeof(*rows) || text.length < rows[i].length)
        return 0;
    if (rows[i].length > 1 && (at[1] < rows[i].second_least || at[1] > rows[i].second_most))
        return 0;
    for (size_t j = 2; j < rows[i].length; j++)
        if (at[j] < 0x80 || at[j] > 0xbf)
            return 0;
    return rows[i].length;
}

void render_clean(struct buf *out, struct str text)
{
    while (text.length) {
        size_t length = printable(text);
        buf_add(out, length ? (struct str){text.data, length} : STR("?"));
        text = str_skip(text, length ? length : 1);
    }
}

static size_t columns(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

void render_wrapped(struct buf *out, struct str text, size_t indent, size_t width)
{
    struct buf clean = BUF(out->limit);
    render_clean(&clean, text);
    struct str rest = str_trim(buf_str(&clean));
    size_t at = indent;
    while (rest.length) {
        long blank = str_find(rest, STR(" "));
        struct str word = {rest.data, blank < 0 ? rest.length : (size_t)blank};
        size_t needed = columns(word);
        if (at > indent && at + 1 + needed > width) {
            buf_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            buf_add_char(out, ' ');
            at++;
        }
        buf_add(out, word);
        at += needed;
        rest = str_trim(str_skip(rest, word.length));
    }
    buf_add_char(out, '\n');
    buf_clear(&clean);
}
