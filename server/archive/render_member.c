#include "server/archive/render_member.h"

#include "base/mem.h"
#include "server/archive/render_text.h"

void render_key(struct buf *out, const char *key)
{
    struct str text = buf_str(out);
    char last = text.length ? text.data[text.length - 1] : '\0';
    buf_addf(out, "%s\"%s\":", last == '{' ? "" : ",", key);
}

void render_member_text(struct buf *out, const char *key, const char *text)
{
    cleanup(buf_clear) struct buf clean = BUF(out->limit);
    render_key(out, key);
    if (!text) {
        buf_add_text(out, "null");
        return;
    }
    render_clean(&clean, str_of(text));
    buf_add_json_string(out, buf_str(&clean));
}

void render_member_time(struct buf *out, const char *key, int64_t time)
{
    render_key(out, key);
    if (!time) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_char(out, '"');
    render_rfc3339(out, time);
    buf_add_char(out, '"');
}
