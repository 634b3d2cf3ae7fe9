#include "patches/variables.h"
#include "tests/docs/pages.h"

static const char page_head[] =
    "# Variables\n\n"
    "Every environment variable that spilo reads for archiving and cloning: what the `env` of a "
    "profile may set, what is masked, and what counts as \"not set\". Everything else that begins "
    "with `CLONE_` is silently ignored by spilo, so a profile that names it is refused.\n\n"
    "- own archive: read as it stands, for the cluster's own backups "
    "(`backupProfiles.<name>.env`)\n"
    "- clone: read with `CLONE_` in front, for the source of a restore "
    "(`restoreProfiles.<name>.env`)\n"
    "- secret: accepted only as `{secret: {name, key}}` and never shown; names that contain KEY, "
    "SECRET, TOKEN or PASSWORD are masked too\n"
    "- since: the first spilo release that reads it; empty: all known ones\n"
    "- neutral: what it is set to where it must not have an effect but cannot be removed\n\n"
    "Names that a profile sets from its own keys (`s3`, `target`, `credentials`, `schedule`, "
    "`retain`) are refused in `env`; the message says which key they belong to.\n\n"
    "This page is made from the table in patches/variables.c.\n\n"
    "| name | own archive | clone | kind | secret | since | neutral | meaning |\n"
    "|---|---|---|---|---|---|---|---|\n";

static const char *const kind_names[] = {
    [VARIABLE_TEXT] = "text",     [VARIABLE_BOOLEAN] = "`true` or empty",
    [VARIABLE_NUMBER] = "number", [VARIABLE_URL] = "URL",
    [VARIABLE_PATH] = "path",
};

static void add_row(const struct variable *row, struct buf *page)
{
    buf_addf(page, "| `%s` | %s | ", row->name, row->prefix == VARIABLE_CLONE_ONLY ? "" : "yes");
    if (row->prefix == VARIABLE_BOTH)
        buf_addf(page, "`CLONE_%s`", row->name);
    else if (row->prefix == VARIABLE_CLONE_ONLY)
        buf_add_text(page, "yes");
    buf_addf(page, " | %s | %s | %s | `\"%s\"` | %s |\n", kind_names[row->kind],
             row->secret ? "yes" : "", row->since, row->neutral, row->meaning);
}

void variables_page(struct buf *page)
{
    size_t count;
    const struct variable *table = variables(&count);
    buf_add_text(page, page_head);
    for (size_t i = 0; i < count; i++)
        add_row(&table[i], page);
}
