#include "base/str.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

long str_find(struct str text, struct str part)
{
    if (!text.data || !part.length)
        return -1;
    const char *found = memmem(text.data, text.length, part.data, part.length);
    return found ? found - text.data : -1;
}

struct str str_trim(struct str text)
{
    while (text.length && is_space(text.data[0]))
        text = str_skip(text, 1);
    while (text.length && is_space(text.data[text.length - 1]))
        text.length--;
    return text;
}

/* Length of the set that starts at pattern[at] == '[', or 0 when it has no end. */
static size_t set_length(struct str pattern, size_t at)
{
    for (size_t end = at + 1; end < pattern.length; end++)
        if (pattern.data[end] == ']')
            return end + 1 - at;
    return 0;
}

static bool set_holds(struct str set, char c)
{
    for (size_t i = 0; i < set.length; i++) {
        if (i + 2 < set.length && set.data[i + 1] == '-') {
            if (c >= set.data[i] && c <= set.data[i + 2])
                return true;
            i += 2;
        } else if (set.data[i] == c) {
            return true;
        }
    }
    return false;
}

/* Length of the pattern's element at `at` when it accepts `c`, or 0. */
static size_t element_accepts(struct str pattern, size_t at, char c)
{
    if (at >= pattern.length || pattern.data[at] == '*')
        return 0;
    size_t length = pattern.data[at] == '[' ? set_length(pattern, at) : 0;
    if (length)
        return set_holds((struct str){pattern.data + at + 1, length - 2}, c) ? length : 0;
    return pattern.data[at] == c ? 1 : 0;
}

bool str_glob(struct str pattern, struct str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX; /* where to go on after the last '*', once more text belongs to it */
    size_t star_text = 0;
    while (t < text.length) {
        size_t step = element_accepts(pattern, p, text.data[t]);
        if (step) {
            p += step;
            t++;
        } else if (p < pattern.length && pattern.data[p] == '*') {
            star = ++p;
            star_text = t;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.length && pattern.data[p] == '*')
        p++;
    return p == pattern.length;
}

struct str str_without_bom(struct str text)
{
    return str_starts(text, STR("\xef\xbb\xbf")) ? str_skip(text, 3) : text;
}

bool str_number(struct str text, uint64_t *ret)
{
    uint64_t number = 0;
    if (!text.length)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return false;
    }
    *ret = number;
    return true;
}

static bool is_alnum_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool str_is_dns_label(struct str text)
{
    if (!text.length || text.length > 63)
        return false;
    if (!is_alnum_lower(text.data[0]) || !is_alnum_lower(text.data[text.length - 1]))
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (!is_alnum_lower(text.data[i]) && text.data[i] != '-')
            return false;
    return true;
}

static struct str next_word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t length = 0;
    while (length < rest->length && !is_space(rest->data[length]))
        length++;
    struct str word = {rest->data, length};
    *rest = str_skip(*rest, length);
    return word;
}

bool str_same_words(struct str a, struct str b)
{
    if (!a.data || !b.data)
        return false;
    for (;;) {
        struct str word = next_word(&a);
        if (!str_equal(word, next_word(&b)))
            return false;
        if (!word.length)
            return true;
    }
}

void str_drop_partial(char *text)
{
    size_t length = strlen(text);
    size_t tail = 0; /* continuation bytes at the end */
    while (tail < 3 && tail < length && ((unsigned char)text[length - 1 - tail] & 0xc0) == 0x80)
        tail++;
    if (tail == length)
        return;
    unsigned char lead = (unsigned char)text[length - 1 - tail];
    size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (wanted > tail)
        text[length - 1 - tail] = '\0';
}

void str_presentable(char *text)
{
    str_drop_partial(text);
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = ' ';
        else if (*c == 0xc2 && c[1] < 0xa0)
            c[0] = c[1] = ' ';
    }
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t str_distance(struct str a, struct str b)
{
    size_t row[65];
    if (a.length > 64 || b.length > 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t above = row[j];
            size_t cost = a.data[i - 1] == b.data[j - 1] ? 0 : 1;
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + cost);
            diagonal = above;
        }
    }
    return row[b.length];
}
