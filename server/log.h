/*
 * The log: one line an event on standard error, JSON for machines or text for people, written with
 * one write() so that lines of several threads never mix. Shared by all threads. Never given a body
 * or the value of a secret.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "base/buf.h"
#include "server/config.h"

/* Largest line, with its end: what a pipe takes in one piece (POSIX PIPE_BUF on Linux). */
#define LOG_LINE_MAX 4096

/* Largest text of one field, in bytes; longer ones are cut at a character. */
#define LOG_TEXT_MAX 1024

enum log_field_kind { LOG_FIELD_END, LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_FLAG };

struct log_field {
    enum log_field_kind kind;
    const char *name;
    struct str text;
    int64_t number;
};

static inline struct log_field log_text(const char *name, const char *text)
{
    return (struct log_field){LOG_FIELD_TEXT, name, str_of(text ? text : ""), 0};
}

static inline struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){LOG_FIELD_NUMBER, name, STR_NONE, number};
}

static inline struct log_field log_flag(const char *name, bool flag)
{
    return (struct log_field){LOG_FIELD_FLAG, name, STR_NONE, flag};
}

/* The fields of one event: LOG_FIELDS(log_text("path", path), log_number("code", 200)). */
#define LOG_FIELDS(...)                                                                            \
    ((const struct log_field[]){__VA_ARGS__, {LOG_FIELD_END, NULL, STR_NONE, 0}})

struct log;

/* A log that writes to `fd` (borrowed). The caller frees. */
struct log *log_new(int fd, enum log_level level, enum log_format format)
    __attribute__((warn_unused_result));
void log_free(struct log *log);

/* Changes what is written and how, from the next event on. On a terminal the format is always
 * text. */
void log_configure(struct log *log, enum log_level level, enum log_format format);

/* Whether events of this level are written: asked before something costly is put together. */
bool log_wants(const struct log *log, enum log_level level);

/* Writes one event; `fields` comes from LOG_FIELDS() or is NULL. */
void log_event(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields);

/* Adds the line for an event at `micros` (microseconds since the epoch), with its end. What would
 * pass LOG_LINE_MAX is written without its fields, with "cut". */
void log_line(struct buf *line, enum log_format format, enum log_level level, int64_t micros,
              const char *message, const struct log_field *fields);

#endif
