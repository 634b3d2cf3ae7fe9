#include "patches/patch.h"

void patch_open(struct patch *patch, struct buf *text)
{
    *patch = (struct patch){text, 0};
}

/* An operation up to its path. */
static void begin(struct patch *patch, struct str operation, struct str path)
{
    buf_add(patch->text, patch->operations ? STR(",{\"op\":\"") : STR("[{\"op\":\""));
    buf_add(patch->text, operation);
    buf_add(patch->text, STR("\",\"path\":"));
    buf_add_json_string(patch->text, path);
    patch->operations++;
}

static void end(struct patch *patch, struct str value)
{
    buf_add(patch->text, STR(",\"value\":"));
    /* No JSON text is empty: this one did not fit into the buffer that it was made in. */
    if (!value.length)
        buf_reserve(patch->text, SIZE_MAX);
    buf_add(patch->text, value);
    buf_add_char(patch->text, '}');
}

void patch_add(struct patch *patch, struct str path, struct str value)
{
    begin(patch, STR("add"), path);
    end(patch, value);
}

void patch_replace(struct patch *patch, struct str path, struct str value)
{
    begin(patch, STR("replace"), path);
    end(patch, value);
}

void patch_remove(struct patch *patch, struct str path)
{
    begin(patch, STR("remove"), path);
    buf_add_char(patch->text, '}');
}

void patch_close(struct patch *patch)
{
    if (patch->operations)
        buf_add_char(patch->text, ']');
}
