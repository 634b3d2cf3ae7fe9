#include "server/archive/names.h"

#include <stdio.h>

#define HEX_MAX 8

/* Upper-case hexadecimal, as PostgreSQL and WAL-G write it. */
static bool hex(struct str text, uint32_t *ret)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint32_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + (uint32_t)(c - 'A' + 10);
        else
            return false;
    }
    *ret = value;
    return true;
}

/* The next `length` bytes; absent when there are fewer. */
static struct str cut(struct str *rest, size_t length)
{
    if (rest->length < length)
        return STR_NONE;
    struct str part = {rest->data, length};
    *rest = str_skip(*rest, length);
    return part;
}

static bool cut_text(struct str *rest, struct str text)
{
    if (!str_starts(*rest, text))
        return false;
    *rest = str_skip(*rest, text.length);
    return true;
}

static bool cut_hex(struct str *rest, uint32_t *ret)
{
    struct str digits = cut(rest, HEX_MAX);
    return digits.data && hex(digits, ret);
}

static bool cut_segment(struct str *rest, struct segment_name *ret)
{
    struct segment_name segment;
    if (!cut_hex(rest, &segment.timeline) || !cut_hex(rest, &segment.high) ||
        !cut_hex(rest, &segment.low) || !segment.timeline || segment.low > NAMES_SEGMENT_LOW_MAX)
        return false;
    *ret = segment;
    return true;
}

bool name_segment(struct str text, struct segment_name *ret)
{
    return text.length == NAMES_SEGMENT_LENGTH && cut_segment(&text, ret);
}

bool name_backup(struct str text, struct segment_name *ret, struct segment_name *ret_parent)
{
    struct segment_name segment;
    struct segment_name parent = {0};
    uint32_t offset;
    if (!cut_text(&text, STR("base_")) || !cut_segment(&text, &segment))
        return false;
    if (cut_text(&text, STR("_D_")) && !cut_segment(&text, &parent))
        return false;
    if (cut_text(&text, STR("_")) && !cut_hex(&text, &offset))
        return false;
    if (text.length)
        return false;
    *ret = segment;
    *ret_parent = parent;
    return true;
}

/* What WAL-G's compressions end with. */
static const char *const suffixes[] = {"lz4", "lzma", "zst", "br", "lzo", "gz"};

/* What follows a name that has been cut off: nothing, or "." and one of the suffixes. */
static bool cut_suffix(struct str rest, struct str *ret)
{
    *ret = STR("");
    if (!rest.length)
        return true;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (rest.data[0] == '.' && str_is(str_skip(rest, 1), suffixes[i])) {
            *ret = str_skip(rest, 1);
            return true;
        }
    return false;
}

/* WAL-G's own descriptions of WAL objects: "<name>.json", also of ten segments at once, with the
 * last digit left out. */
static bool is_described(struct str rest)
{
    uint32_t digits;
    return cut_hex(&rest, &digits) && str_ends(rest, STR(".json"));
}

static void wal_mark(struct str rest, struct name *name)
{
    if (cut_text(&rest, STR("partial"))) {
        if (cut_suffix(rest, &name->suffix))
            name->kind = NAME_PARTIAL;
    } else if (cut_hex(&rest, &name->offset) && cut_text(&rest, STR(".backup")) &&
               cut_suffix(rest, &name->suffix)) {
        name->kind = NAME_BACKUP_MARK;
    }
}

static struct name wal(struct str rest)
{
    struct name name = {.kind = NAME_FOREIGN, .suffix = STR("")};
    struct str after = rest;
    if (is_described(rest)) {
        name.kind = NAME_WAL_EXTRA;
    } else if (cut_segment(&after, &name.segment)) {
        if (str_starts(after, STR("_delta")) || str_starts(after, STR("_part")))
            name.kind = NAME_WAL_EXTRA;
        else if (cut_suffix(after, &name.suffix))
            name.kind = NAME_SEGMENT;
        else if (cut_text(&after, STR(".")))
            wal_mark(after, &name);
    } else if (cut_hex(&rest, &name.segment.timeline) && cut_text(&rest, STR(".history")) &&
               cut_suffix(rest, &name.suffix)) {
        name.kind = NAME_HISTORY;
    }
    return name;
}

static void tar(struct str rest, struct name *name)
{
    struct str after = rest;
    if (!rest.length)
        return; /* a folder, as some stores keep it */
    name->tar = rest;
    if (cut_text(&after, STR("pg_control.tar"))) {
        if (cut_suffix(after, &name->suffix))
            name->kind = NAME_PG_CONTROL;
        return;
    }
    if (cut_text(&after, STR("backup_label.tar"))) {
        if (cut_suffix(after, &name->suffix))
            name->kind = NAME_LABEL;
        return;
    }
    if (!cut_text(&after, STR("part_")))
        return;
    const long dot = str_find(after, STR(".tar"));
    uint64_t part;
    if (dot > 0 && str_number((struct str){after.data, (size_t)dot}, &part) && part <= UINT32_MAX &&
        cut_suffix(str_skip(after, (size_t)dot + STR(".tar").length), &name->suffix)) {
        name->kind = NAME_PART;
        name->part = (uint32_t)part;
    }
}

static struct name backup(struct str rest)
{
    struct name name = {.kind = NAME_FOREIGN, .suffix = STR("")};
    struct segment_name segment, parent;
    const long slash = str_find(rest, STR("/"));
    const size_t length = slash >= 0 ? (size_t)slash
                          : str_ends(rest, STR(NAMES_SENTINEL))
                              ? rest.length - STR(NAMES_SENTINEL).length
                              : 0;
    struct str folder = {rest.data, length};
    if (!name_backup(folder, &segment, &parent))
        return name;
    name.backup = folder;
    name.segment = segment;
    rest = str_skip(rest, length);
    name.kind = NAME_BACKUP_EXTRA;
    if (slash < 0)
        name.kind = NAME_SENTINEL;
    else if (str_is(rest, "/metadata.json"))
        name.kind = NAME_METADATA;
    else if (str_is(rest, "/files_metadata.json"))
        name.kind = NAME_FILES_METADATA;
    else if (cut_text(&rest, STR(NAMES_TARS)))
        tar(rest, &name);
    return name;
}

struct name name_parse(struct str key)
{
    if (cut_text(&key, STR(NAMES_WAL)))
        return wal(key);
    if (cut_text(&key, STR(NAMES_BACKUPS)))
        return backup(key);
    return (struct name){.kind = NAME_FOREIGN, .suffix = STR("")};
}

const char *name_of_segment(struct segment_name segment, char text[NAMES_SEGMENT_SIZE])
{
    (void)snprintf(text, NAMES_SEGMENT_SIZE, "%08X%08X%08X", segment.timeline, segment.high,
                   segment.low);
    return text;
}
