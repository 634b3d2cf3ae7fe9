#include "server/archive/label.h"

#define START "START WAL LOCATION: "
#define FILE_NAME " (file "
#define TIMELINE "START TIMELINE: "

/* 1 to 8 hexadecimal digits at the beginning of `text`, which moves behind them. */
static bool read_hex(struct str *text, uint32_t *ret)
{
    uint32_t number = 0;
    size_t digits = 0;
    for (; digits < text->length && digits < 9; digits++) {
        char c = text->data[digits];
        bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'A' && c <= 'F'))
            break;
        number = number << 4 | (uint32_t)(decimal ? c - '0' : c - 'A' + 10);
    }
    *text = str_skip(*text, digits);
    *ret = number;
    return digits >= 1 && digits <= 8;
}

/* "0/2000028 (file 000000010000000000000002)" */
static bool read_start(struct str line, struct label *label)
{
    uint32_t high, low;
    if (!read_hex(&line, &high) || !str_starts(line, STR("/")))
        return false;
    line = str_skip(line, 1);
    if (!read_hex(&line, &low) || !str_starts(line, STR(FILE_NAME)))
        return false;
    line = str_skip(line, sizeof(FILE_NAME) - 1);
    struct str name = {line.data, line.length < NAMES_SEGMENT_LENGTH ? 0 : NAMES_SEGMENT_LENGTH};
    if (!name_segment(name, &label->segment) || !str_is(str_skip(line, name.length), ")"))
        return false;
    label->start = (uint64_t)high << 32 | low;
    return true;
}

static struct str next_line(struct str *text)
{
    long end = str_find(*text, STR("\n"));
    struct str line = {text->data, end < 0 ? text->length : (size_t)end};
    *text = str_skip(*text, line.length + 1);
    return line;
}

bool label_parse(struct str text, struct label *ret, struct error *err)
{
    struct label label = {0};
    bool started = false;
    while (text.length) {
        struct str line = str_trim(next_line(&text));
        if (str_starts(line, STR(START))) {
            started = read_start(str_skip(line, sizeof(START) - 1), &label);
            if (!started)
                return error_set(err, "has '" START "' without an LSN and the name of a segment");
        }
        if (str_starts(line, STR(TIMELINE))) {
            uint64_t timeline;
            if (!str_number(str_skip(line, sizeof(TIMELINE) - 1), &timeline) || timeline == 0 ||
                timeline > UINT32_MAX)
                return error_set(err, "has '" TIMELINE "' without a number");
            label.timeline = (uint32_t)timeline;
        }
    }
    if (!started)
        return error_set(err, "has no line '" START "...'");
    *ret = label;
    return true;
}
