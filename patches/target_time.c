#include "patches/target_time.h"

#include "patches/shown.h"

#define EXPECTED "expected RFC 3339 such as 2026-11-20T02:00:00+00:00"

/* What is left to read. */
struct reader {
    struct str rest;
};

static bool next_is(struct reader *reader, const char *set)
{
    if (!reader->rest.length || !reader->rest.data[0] || !strchr(set, reader->rest.data[0]))
        return false;
    reader->rest = str_skip(reader->rest, 1);
    return true;
}

/* A number of exactly `digits` digits. */
static bool number(struct reader *reader, size_t digits, unsigned *ret)
{
    uint64_t value;
    if (reader->rest.length < digits ||
        !str_number((struct str){reader->rest.data, digits}, &value))
        return false;
    *ret = (unsigned)value;
    reader->rest = str_skip(reader->rest, digits);
    return true;
}

struct stamp {
    unsigned year, month, day, hour, minute, second;
};

static bool read_date(struct reader *reader, struct stamp *stamp)
{
    return number(reader, 4, &stamp->year) && next_is(reader, "-") &&
           number(reader, 2, &stamp->month) && next_is(reader, "-") &&
           number(reader, 2, &stamp->day);
}

static bool read_time(struct reader *reader, struct stamp *stamp)
{
    return number(reader, 2, &stamp->hour) && next_is(reader, ":") &&
           number(reader, 2, &stamp->minute) && next_is(reader, ":") &&
           number(reader, 2, &stamp->second);
}

/* The fraction changes nothing but must be one. */
static bool skip_fraction(struct reader *reader)
{
    unsigned digit;
    if (!next_is(reader, "."))
        return true;
    if (!number(reader, 1, &digit))
        return false;
    while (number(reader, 1, &digit))
        ;
    return true;
}

/* Seconds east of UTC. */
static bool read_offset(struct reader *reader, int64_t *ret)
{
    if (next_is(reader, "Zz")) {
        *ret = 0;
        return true;
    }
    bool west = reader->rest.length && reader->rest.data[0] == '-';
    unsigned hours;
    unsigned minutes;
    if (!next_is(reader, "+-") || !number(reader, 2, &hours) || !next_is(reader, ":") ||
        !number(reader, 2, &minutes) || hours > 15 || minutes > 59)
        return false;
    int64_t seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    *ret = west ? -seconds : seconds;
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool in_calendar(const struct stamp *stamp)
{
    return stamp->year >= 1 && stamp->month >= 1 && stamp->month <= 12 && stamp->day >= 1 &&
           stamp->day <= days_in(stamp->year, stamp->month) && stamp->hour <= 23 &&
           stamp->minute <= 59 && stamp->second <= 59;
}

/* Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March, so that the
 * leap day is a year's last. */
static int64_t days_since_epoch(const struct stamp *stamp)
{
    int64_t year = stamp->month > 2 ? stamp->year : (int64_t)stamp->year - 1;
    int64_t month = stamp->month > 2 ? stamp->month - 3 : stamp->month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + stamp->day - 1;
    return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

bool target_time_parse(struct str text, int64_t *ret_seconds, struct error *err)
{
    struct reader reader = {text};
    struct stamp stamp;
    int64_t offset;
    if (!read_date(&reader, &stamp) || !next_is(&reader, "Tt ") || !read_time(&reader, &stamp) ||
        !skip_fraction(&reader))
        return error_set(err, "'%s' is not a time, " EXPECTED, shown(text).text);
    if (!in_calendar(&stamp))
        return error_set(err, "'%s' is in no calendar, " EXPECTED, shown(text).text);
    if (!reader.rest.length)
        return error_set(err, "'%s' has no offset from UTC, expected one such as +00:00 at its end",
                         shown(text).text);
    if (!read_offset(&reader, &offset) || reader.rest.length)
        return error_set(err, "'%s' does not end with an offset from UTC, " EXPECTED,
                         shown(text).text);
    *ret_seconds = days_since_epoch(&stamp) * 86400 + (int64_t)stamp.hour * 3600 +
                   (int64_t)stamp.minute * 60 + stamp.second - offset;
    return true;
}
