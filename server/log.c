#include "server/log.h"

#include "base/mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

struct log {
    int fd;
    bool terminal;
    atomic_int level;
    atomic_int format;
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

struct log *log_new(int fd, enum log_level level, enum log_format format)
{
    struct log *log = xcalloc(1, sizeof(*log));
    log->fd = fd;
    log->terminal = isatty(fd);
    log_configure(log, level, format);
    return log;
}

void log_free(struct log *log)
{
    free(log);
}

void log_configure(struct log *log, enum log_level level, enum log_format format)
{
    atomic_store(&log->level, (int)level);
    atomic_store(&log->format, (int)(log->terminal ? LOG_FORMAT_TEXT : format));
}

bool log_wants(const struct log *log, enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

/* Bytes of the character at the start of the text; 0 when it is not UTF-8 (RFC 3629 4) or a control
 * character beyond ASCII, which a terminal might obey. */
static size_t character(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.data;
    if (p[0] < 0x80)
        return p[0] == 0x7f ? 0 : 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || text.length < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool too_large = p[0] == 0xf4 && p[1] > 0x8f;
    bool control = p[0] == 0xc2 && p[1] < 0xa0;
    return overlong || surrogate || too_large || control ? 0 : length;
}

/* The text as UTF-8 of at most LOG_TEXT_MAX bytes; '?' stands for what is none. */
static struct str clean(struct str text, char copy[LOG_TEXT_MAX])
{
    size_t used = 0;
    while (text.length) {
        size_t length = character(text);
        if (used + (length ? length : 1) > LOG_TEXT_MAX)
            break;
        if (length)
            memcpy(copy + used, text.data, length);
        else
            copy[used] = '?';
        used += length ? length : 1;
        text = str_skip(text, length ? length : 1);
    }
    return (struct str){copy, used};
}

/* Whether a person reads the text without quotes. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] == '"' || text.data[i] == '=')
            return false;
    return text.length > 0;
}

static void add_time(struct buf *line, int64_t micros)
{
    time_t seconds = micros / 1000000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_addf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(micros % 1000000));
}

static void add_value(struct buf *line, enum log_format format, const struct log_field *field)
{
    char copy[LOG_TEXT_MAX];
    struct str text;
    switch (field->kind) {
    case LOG_FIELD_NUMBER:
        buf_addf(line, "%lld", (long long)field->number);
        return;
    case LOG_FIELD_FLAG:
        buf_add_text(line, field->number ? "true" : "false");
        return;
    default:
        text = clean(field->text, copy);
        if (format == LOG_FORMAT_TEXT && is_plain(text))
            buf_add(line, text);
        else
            buf_add_json_string(line, text);
    }
}

static void add_json(struct buf *line, enum log_level level, int64_t micros, const char *message,
                     const struct log_field *fields)
{
    char copy[LOG_TEXT_MAX];
    buf_add_text(line, "{\"time\":\"");
    add_time(line, micros);
    buf_addf(line, "\",\"level\":\"%s\",\"msg\":", level_names[level]);
    buf_add_json_string(line, clean(str_of(message), copy));
    for (; fields && fields->kind != LOG_FIELD_END; fields++) {
        buf_addf(line, ",\"%s\":", fields->name);
        add_value(line, LOG_FORMAT_JSON, fields);
    }
    buf_add_text(line, "}\n");
}

static void add_plain(struct buf *line, enum log_level level, int64_t micros, const char *message,
                      const struct log_field *fields)
{
    char copy[LOG_TEXT_MAX];
    struct str text = clean(str_of(message), copy);
    add_time(line, micros);
    buf_addf(line, " %-5s ", level_names[level]);
    for (size_t i = 0; i < text.length; i++)
        buf_add_char(line, (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
    for (; fields && fields->kind != LOG_FIELD_END; fields++) {
        buf_addf(line, " %s=", fields->name);
        add_value(line, LOG_FORMAT_TEXT, fields);
    }
    buf_add_text(line, "\n");
}

void log_line(struct buf *line, enum log_format format, enum log_level level, int64_t micros,
              const char *message, const struct log_field *fields)
{
    void (*add)(struct buf *, enum log_level, int64_t, const char *, const struct log_field *) =
        format == LOG_FORMAT_TEXT ? add_plain : add_json;
    cleanup(buf_clear) struct buf whole = BUF(LOG_LINE_MAX);
    add(&whole, level, micros, message, fields);
    if (whole.failed) {
        buf_clear(&whole);
        add(&whole, level, micros, message, LOG_FIELDS(log_flag("cut", true)));
    }
    if (whole.failed) {
        buf_clear(&whole);
        add(&whole, level, micros, "?", LOG_FIELDS(log_flag("cut", true)));
    }
    buf_add(line, buf_str(&whole));
}

void log_event(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields)
{
    if (!log_wants(log, level))
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    cleanup(buf_clear) struct buf line = BUF(LOG_LINE_MAX);
    log_line(&line, (enum log_format)atomic_load(&log->format), level,
             (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, message, fields);
    struct str rest = buf_str(&line);
    while (rest.length) {
        ssize_t count = write(log->fd, rest.data, rest.length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return; /* there is nobody left to tell */
        rest = str_skip(rest, (size_t)count);
    }
}
