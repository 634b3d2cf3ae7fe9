#include "server/archive/tar.h"

#include "base/mem.h"

/* Fields of a header (POSIX ustar): where, how long. */
#define NAME 0, 100
#define SIZE 124, 12
#define CHECKSUM 148, 8
#define MAGIC 257, 5
#define PREFIX 345, 155
#define TYPE_AT 156
#define CHECKSUM_AT 148
#define CHECKSUM_LENGTH 8

/* Largest content: what 8 bytes of a file's offset can say. */
#define CONTENT_MAX ((uint64_t)INT64_MAX)

static struct str field(const struct tar *tar, size_t at, size_t length)
{
    return (struct str){tar->block + at, length};
}

static struct str text_field(const struct tar *tar, size_t at, size_t length)
{
    return (struct str){tar->block + at, strnlen(tar->block + at, length)};
}

static uint64_t block_at(const struct tar *tar)
{
    return tar->offset - TAR_BLOCK;
}

static bool is_zero(struct str bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        if (bytes.data[i])
            return false;
    return true;
}

/* Octal digits, blanks before and a blank or NUL behind them. */
static bool read_octal(struct str text, uint64_t *ret)
{
    uint64_t number = 0;
    size_t digits = 0;
    while (text.length && *text.data == ' ')
        text = str_skip(text, 1);
    for (; text.length && *text.data >= '0' && *text.data <= '7'; digits++) {
        if (number >> 60)
            return false;
        number = number * 8 + (uint64_t)(*text.data - '0');
        text = str_skip(text, 1);
    }
    if (!digits || (text.length && *text.data != ' ' && *text.data != '\0'))
        return false;
    *ret = number;
    return true;
}

/* The same, or GNU's base 256, which the first bit tells. */
static bool read_number(struct str text, uint64_t *ret)
{
    if (!((unsigned char)*text.data & 0x80))
        return read_octal(text, ret);
    uint64_t number = (unsigned char)*text.data & 0x7f;
    for (size_t i = 1; i < text.length; i++) {
        if (number >> 55)
            return false;
        number = number << 8 | (unsigned char)text.data[i];
    }
    *ret = number;
    return true;
}

/* The sum of the header's bytes, its own field counted as blanks. */
static bool checksum_fits(const struct tar *tar)
{
    uint64_t given, sum = 0;
    if (!read_octal(field(tar, CHECKSUM), &given))
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bool own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LENGTH;
        sum += own ? ' ' : (unsigned char)tar->block[i];
    }
    return sum == given;
}

/* One "length key=value\n" of pax (POSIX.1-2001). Moves `records` behind it. */
static bool read_record(struct str *records, struct str *ret_key, struct str *ret_value)
{
    long blank = str_find(*records, STR(" "));
    uint64_t length;
    if (blank < 1 || !str_number((struct str){records->data, (size_t)blank}, &length) ||
        length > records->length || length < (uint64_t)blank + 2 ||
        records->data[length - 1] != '\n')
        return false;
    struct str record = {records->data + blank + 1, (size_t)(length - (uint64_t)blank - 2)};
    long equals = str_find(record, STR("="));
    if (equals < 1)
        return false;
    *ret_key = (struct str){record.data, (size_t)equals};
    *ret_value = str_skip(record, (size_t)equals + 1);
    *records = str_skip(*records, (size_t)length);
    return true;
}

static void set_name(struct tar *tar, struct str name)
{
    buf_clear(&tar->name);
    buf_add(&tar->name, name);
}

static bool take_pax(struct tar *tar, struct error *err)
{
    struct str records = buf_str(&tar->extended);
    while (records.length) {
        struct str key, value;
        if (!read_record(&records, &key, &value))
            return error_set(err, "byte %llu: pax records that are none",
                             (unsigned long long)tar->offset);
        if (str_is(key, "path"))
            set_name(tar, value);
        if (!str_is(key, "size"))
            continue;
        if (!str_number(value, &tar->size) || tar->size > CONTENT_MAX)
            return error_set(err, "byte %llu: a pax size that is no number",
                             (unsigned long long)tar->offset);
        tar->has_size = true;
    }
    return true;
}

/* An extended header is complete: it holds for the next member. */
static bool take_extended(struct tar *tar, struct error *err)
{
    bool taken = true;
    struct str text = buf_str(&tar->extended);
    if (tar->extended_type == 'L')
        set_name(tar, (struct str){text.data, strnlen(text.data, text.length)});
    if (tar->extended_type == 'x')
        taken = take_pax(tar, err);
    buf_clear(&tar->extended);
    return taken;
}

static void member_name(struct tar *tar)
{
    if (tar->name.length)
        return;
    struct str prefix = text_field(tar, PREFIX);
    /* GNU's own magic ends with a blank, and has other things where ustar has the prefix. */
    if (prefix.length && !tar->block[262]) {
        buf_add(&tar->name, prefix);
        buf_add_char(&tar->name, '/');
    }
    buf_add(&tar->name, text_field(tar, NAME));
}

/* Goes on to what follows the header that has been read. */
static void begin_content(struct tar *tar, uint64_t size, enum tar_phase phase)
{
    tar->left = size;
    tar->padding = (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
    tar->phase = size ? phase : TAR_HEADER;
}

static void begin_member(struct tar *tar, char type, uint64_t size,
                         const struct tar_handler *handler)
{
    member_name(tar);
    bool has_content = type == '0';
    if (tar->has_size)
        size = tar->size;
    struct tar_member member = {buf_str(&tar->name), type, has_content ? size : 0};
    if (handler->member)
        handler->member(handler->context, &member);
    buf_clear(&tar->name);
    tar->has_size = false;
    begin_content(tar, member.size, TAR_CONTENT);
}

static bool is_one_of(char type, struct str types)
{
    return memchr(types.data, type, types.length) != NULL;
}

static bool take_header(struct tar *tar, const struct tar_handler *handler, struct error *err)
{
    unsigned long long at = block_at(tar);
    uint64_t size;
    char type = tar->block[TYPE_AT] ? tar->block[TYPE_AT] : '0';
    if (!str_equal(field(tar, MAGIC), STR("ustar")))
        return error_set(err, "byte %llu: no tar header, expected 'ustar' in it", at);
    if (!checksum_fits(tar))
        return error_set(err, "byte %llu: a tar header whose checksum does not fit", at);
    if (!read_number(field(tar, SIZE), &size) || size > CONTENT_MAX)
        return error_set(err, "byte %llu: a tar header whose size is no number", at);
    if (is_one_of(type, STR("0123456"))) {
        begin_member(tar, type, size, handler);
        return true;
    }
    if (!is_one_of(type, STR("xgLK")))
        return error_set(err, "byte %llu: a tar member of an unknown type (%d)", at, type);
    if (size > TAR_EXTENDED_MAX || size == 0)
        return error_set(err, "byte %llu: an extended header of %llu bytes, expected 1 to %u", at,
                         (unsigned long long)size, TAR_EXTENDED_MAX);
    tar->extended_type = type;
    begin_content(tar, size, TAR_EXTENDED);
    return true;
}

/* A block is complete where a header, or one of the two blocks of zeros of the end, is expected. */
static bool take_block(struct tar *tar, const struct tar_handler *handler, struct error *err)
{
    bool zero = is_zero(field(tar, 0, TAR_BLOCK));
    if (zero) {
        tar->phase = tar->phase == TAR_HEADER ? TAR_FIRST_END : TAR_AT_END;
        return true;
    }
    if (tar->phase == TAR_FIRST_END)
        return error_set(err, "byte %llu: one block of zeros, expected two at the end",
                         (unsigned long long)(block_at(tar) - TAR_BLOCK));
    if (tar->phase == TAR_AT_END)
        return error_set(err, "byte %llu: goes on behind its end",
                         (unsigned long long)block_at(tar));
    return take_header(tar, handler, err);
}

/* Takes what belongs to the content or the extended header. Returns how much that was. */
static size_t take_content(struct tar *tar, struct str bytes, const struct tar_handler *handler)
{
    size_t count = bytes.length < tar->left ? bytes.length : (size_t)tar->left;
    struct str part = {bytes.data, count};
    if (tar->phase == TAR_EXTENDED)
        buf_add(&tar->extended, part);
    else if (handler->content)
        handler->content(handler->context, part);
    tar->left -= count;
    return count;
}

static size_t take_padding(struct tar *tar, struct str bytes)
{
    size_t count = bytes.length < tar->padding ? bytes.length : (size_t)tar->padding;
    tar->padding -= count;
    if (!tar->padding)
        tar->phase = TAR_HEADER;
    return count;
}

static size_t fill_block(struct tar *tar, struct str bytes)
{
    size_t room = TAR_BLOCK - tar->filled;
    size_t count = bytes.length < room ? bytes.length : room;
    memcpy(tar->block + tar->filled, bytes.data, count);
    tar->filled += count;
    return count;
}

/* Takes some of the bytes: *ret_count says how many. */
static bool step(struct tar *tar, struct str bytes, const struct tar_handler *handler,
                 size_t *ret_count, struct error *err)
{
    if (tar->phase == TAR_PADDING) {
        *ret_count = take_padding(tar, bytes);
        tar->offset += *ret_count;
        return true;
    }
    if (tar->phase == TAR_CONTENT || tar->phase == TAR_EXTENDED) {
        bool extended = tar->phase == TAR_EXTENDED;
        *ret_count = take_content(tar, bytes, handler);
        tar->offset += *ret_count;
        if (tar->left)
            return true;
        tar->phase = tar->padding ? TAR_PADDING : TAR_HEADER;
        return !extended || take_extended(tar, err);
    }
    *ret_count = fill_block(tar, bytes);
    tar->offset += *ret_count;
    if (tar->filled < TAR_BLOCK)
        return true;
    tar->filled = 0;
    return take_block(tar, handler, err);
}

bool tar_feed(struct tar *tar, struct str bytes, const struct tar_handler *handler,
              struct error *err)
{
    while (bytes.length) {
        size_t count;
        if (!step(tar, bytes, handler, &count, err))
            return false;
        bytes = str_skip(bytes, count);
    }
    return true;
}

bool tar_end(const struct tar *tar, struct error *err)
{
    if (tar->phase == TAR_AT_END && !tar->filled)
        return true;
    if (tar->phase == TAR_CONTENT)
        return error_set(err, "byte %llu: ends inside a member, %llu bytes of it are missing",
                         (unsigned long long)tar->offset, (unsigned long long)tar->left);
    return error_set(err, "byte %llu: ends without the two blocks of zeros of its end",
                     (unsigned long long)tar->offset);
}

void tar_done(struct tar *tar)
{
    buf_clear(&tar->extended);
    buf_clear(&tar->name);
}
