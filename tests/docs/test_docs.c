/*
 * The pages that are made from tables are as the tables make them. `UPDATE_DOCS=1` in front of this
 * program (or of `meson test`) writes them anew. And every reason code is explained.
 */
#include "base/file.h"
#include "patches/decision.h"
#include "server/config.h"
#include "tests/docs/pages.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_MAX (1024u * 1024)

struct page {
    const char *name;
    void (*make)(struct buf *page);
};

static const struct page pages[] = {
    {"configuration.md", config_reference},
    {"variables.md", variables_page},
};

/* Line of the first difference. */
static size_t first_difference(struct str a, struct str b)
{
    size_t line = 1;
    for (size_t i = 0; i < a.length && i < b.length && a.data[i] == b.data[i]; i++)
        line += a.data[i] == '\n';
    return line;
}

static bool check_page(const char *path, struct str expected, bool update)
{
    struct error err;
    struct buf found = BUF(PAGE_MAX);
    bool same = false;
    if (update)
        same = file_write(path, expected, 0644, &err);
    else if (file_read(path, &found, &err))
        same = str_equal(buf_str(&found), expected) ||
               error_set(&err, "%s:%zu: differs from its table; UPDATE_DOCS=1 writes it anew", path,
                         first_difference(buf_str(&found), expected));
    if (!same)
        fprintf(stderr, "%s\n", err.text);
    buf_clear(&found);
    return same;
}

/* Every reason code has its section in decisions.md. */
static bool check_reasons(const char *folder)
{
    struct error err = {""};
    struct buf found = BUF(PAGE_MAX);
    struct buf path = BUF(4096);
    buf_addf(&path, "%s/decisions.md", folder);
    bool complete = file_read(buf_str(&path).data, &found, &err);
    for (enum reason reason = 0; complete && reason < REASON_COUNT; reason++) {
        struct buf heading = BUF(128);
        buf_addf(&heading, "\n### `%s`\n", reason_name(reason));
        if (str_find(buf_str(&found), buf_str(&heading)) < 0)
            complete = error_set(&err, "%s: reason '%s' has no section", buf_str(&path).data,
                                 reason_name(reason));
        buf_clear(&heading);
    }
    if (!complete)
        fprintf(stderr, "%s\n", err.text);
    buf_clear(&found);
    buf_clear(&path);
    return complete;
}

/* argv[1] is the folder of the pages. */
int main(int argc, char **argv)
{
    bool same = argc == 2 && check_reasons(argv[1]);
    bool update = getenv("UPDATE_DOCS") != NULL;
    for (size_t i = 0; argc == 2 && i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct buf page = BUF(PAGE_MAX);
        struct buf path = BUF(4096);
        pages[i].make(&page);
        buf_addf(&path, "%s/%s", argv[1], pages[i].name);
        same = check_page(buf_str(&path).data, buf_str(&page), update) && same;
        buf_clear(&path);
        buf_clear(&page);
    }
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
