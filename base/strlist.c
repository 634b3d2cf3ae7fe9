#include "base/strlist.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

/* Takes the text over. */
static void keep(struct strlist *list, char *text)
{
    if (list->count == STRLIST_MAX) {
        list->dropped++;
        free(text);
        return;
    }
    bool full = (list->count & (list->count - 1)) == 0; /* 0, 1, 2, 4, 8 … */
    if (full)
        list->items =
            xrealloc(list->items, (list->count ? list->count * 2 : 1) * sizeof(*list->items));
    list->items[list->count++] = text;
}

void strlist_add(struct strlist *list, struct str text)
{
    keep(list, xstrndup(text.data, text.length));
}

void strlist_addf(struct strlist *list, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    str_drop_partial(text);
    keep(list, xstrdup(text));
}

bool strlist_has(const struct strlist *list, struct str text)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(str_of(list->items[i]), text))
            return true;
    return false;
}

char *strlist_join(const struct strlist *list, const char *between)
{
    struct buf text = BUF(SIZE_MAX / 2);
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_add_text(&text, between);
        buf_add_text(&text, list->items[i]);
    }
    return buf_take(&text);
}

void strlist_clear(struct strlist *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strlist){0};
}
