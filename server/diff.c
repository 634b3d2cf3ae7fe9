#include "server/diff.h"

#include "base/mem.h"
#include "server/diff_lines.h"

#define CONTEXT 3

/* From so many differing lines on, the search for the shortest difference costs more than it is
 * worth: all of one is then replaced by all of the other. */
#define EDITS_MAX 1500

#define PATH_MAX_BYTES 200

#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define RESET "\033[0m"

/* A line of the difference: what ' ' keeps, '-' takes away, '+' adds. */
struct edit {
    char kind;
    size_t line; /* its number in `after` for '+', else in `before` */
};

struct edits {
    struct edit *items;
    size_t count;
};

static bool same(const struct diff_lines *before, long x, const struct diff_lines *after, long y)
{
    return x < (long)before->count && y < (long)after->count &&
           strcmp(before->lines[x].text, after->lines[y].text) == 0;
}

/* E. Myers, "An O(ND) Difference Algorithm" (1986): reaches[d][k + d] is the furthest x that d
 * edits reach on the diagonal k = x - y, for k from -d to d. Here: whether the last of d edits came
 * from the diagonal k + 1, that is by an added line. */
static bool last_added(long *const *reaches, long d, long k)
{
    const long *last = reaches[d - 1] + (d - 1);
    return k == -d || (k != d && last[k - 1] < last[k + 1]);
}

/* The x at which that edit ends. */
static long edit_end(long *const *reaches, long d, long k)
{
    if (d == 0)
        return 0;
    const long *last = reaches[d - 1] + (d - 1);
    return last_added(reaches, d, k) ? last[k + 1] : last[k - 1] + 1;
}

/* Fills reaches and returns the number d of edits that turn one into the other, or -1 when it
 * is over EDITS_MAX. */
static long search(const struct diff_lines *before, const struct diff_lines *after, long **reaches)
{
    for (long d = 0; d <= EDITS_MAX; d++) {
        reaches[d] = xcalloc((size_t)(2 * d + 1), sizeof(*reaches[d]));
        for (long k = -d; k <= d; k += 2) {
            long x = edit_end(reaches, d, k);
            while (same(before, x, after, x - k))
                x++;
            reaches[d][k + d] = x;
            if (x >= (long)before->count && x - k >= (long)after->count)
                return d;
        }
    }
    return -1;
}

static void prepend(struct edits *edits, size_t *at, char kind, long line)
{
    edits->items[--*at] = (struct edit){kind, (size_t)line};
}

/* Walks back from the end and writes the edits from last to first. */
static void trace_back(const struct diff_lines *before, const struct diff_lines *after,
                       long *const *reaches, long d, struct edits *edits)
{
    size_t at = edits->count;
    long x = (long)before->count;
    long y = (long)after->count;
    for (; d > 0; d--) {
        long k = x - y;
        bool added = last_added(reaches, d, k);
        long start = edit_end(reaches, d, k);
        while (x > start) {
            prepend(edits, &at, ' ', --x);
            y--;
        }
        if (added)
            prepend(edits, &at, '+', --y);
        else
            prepend(edits, &at, '-', --x);
    }
    while (x > 0)
        prepend(edits, &at, ' ', --x);
    memmove(edits->items, edits->items + at, (edits->count - at) * sizeof(*edits->items));
    edits->count -= at;
}

static void replace_all(const struct diff_lines *before, struct edits *edits)
{
    for (size_t i = 0; i < edits->count; i++)
        edits->items[i] =
            i < before->count ? (struct edit){'-', i} : (struct edit){'+', i - before->count};
}

static struct edits compare(const struct diff_lines *before, const struct diff_lines *after)
{
    long **reaches = xcalloc(EDITS_MAX + 1, sizeof(*reaches));
    struct edits edits = {.count = before->count + after->count};
    edits.items = xcalloc(edits.count, sizeof(*edits.items));

    long d = search(before, after, reaches);
    if (d < 0)
        replace_all(before, &edits);
    else
        trace_back(before, after, reaches, d, &edits);

    for (size_t i = 0; i <= EDITS_MAX; i++)
        free(reaches[i]);
    free(reaches);
    return edits;
}

/* The end of the group of changes around edits[first]: behind its last change no other one follows
 * within twice the context. */
static size_t group_end(const struct edits *edits, size_t first)
{
    size_t end = first + 1;
    for (size_t i = end; i < edits->count && i < end + 2 * CONTEXT + 1; i++)
        if (edits->items[i].kind != ' ')
            end = i + 1;
    return end;
}

/* What the changes of a group have in common; those that add are nearer to what a person asks. */
static void write_path(const struct diff_lines *lines, char kind, const struct edit *edits,
                       size_t count, struct buf *path)
{
    size_t node = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (edits[i].kind != kind)
            continue;
        size_t other = lines->lines[edits[i].line].node;
        node = node == SIZE_MAX ? other : diff_lines_common(lines, node, other);
    }
    if (node != SIZE_MAX)
        diff_lines_path(lines, node, path);
}

static void write_group(const struct diff_lines *before, const struct diff_lines *after,
                        const struct edit *edits, size_t count, bool colour, struct buf *text)
{
    struct buf path = BUF(PATH_MAX_BYTES);
    write_path(after, '+', edits, count, &path);
    if (!path.length)
        write_path(before, '-', edits, count, &path);
    buf_addf(text, "%s@@ %s @@%s\n", colour ? CYAN : "", path.length ? path.data : ".",
             colour ? RESET : "");
    buf_clear(&path);

    for (size_t i = 0; i < count; i++) {
        const struct diff_lines *lines = edits[i].kind == '+' ? after : before;
        const char *start = edits[i].kind == '+' ? GREEN : RED;
        bool painted = colour && edits[i].kind != ' ';
        buf_add_text(text, painted ? start : "");
        buf_add_char(text, edits[i].kind);
        buf_add_text(text, lines->lines[edits[i].line].text);
        buf_add_text(text, painted ? RESET "\n" : "\n");
    }
}

void diff_write(json_t *before, json_t *after, bool colour, struct buf *text)
{
    struct diff_lines old_lines;
    struct diff_lines new_lines;
    diff_lines_make(before, &old_lines);
    diff_lines_make(after, &new_lines);
    struct edits edits = compare(&old_lines, &new_lines);
    for (size_t i = 0; i < edits.count;) {
        if (edits.items[i].kind == ' ') {
            i++;
            continue;
        }
        size_t start = i > CONTEXT ? i - CONTEXT : 0;
        size_t change_end = group_end(&edits, i);
        size_t end = change_end + CONTEXT < edits.count ? change_end + CONTEXT : edits.count;
        write_group(&old_lines, &new_lines, edits.items + start, end - start, colour, text);
        i = end;
    }
    free(edits.items);
    diff_lines_done(&old_lines);
    diff_lines_done(&new_lines);
}
