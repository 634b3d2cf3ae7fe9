/* Members of JSON objects that are written as text. Each writes the comma before itself. Pure. */
#ifndef SERVER_ARCHIVE_RENDER_MEMBER_H
#define SERVER_ARCHIVE_RENDER_MEMBER_H

#include "base/buf.h"

/* `"key":`, with a comma in front unless the object has just been opened. */
void render_key(struct buf *out, const char *key);

/* The text, cleaned as by render_clean(); null for NULL. */
void render_member_text(struct buf *out, const char *key, const char *text);

/* The time as RFC 3339 has it; null for 0, a time that is not known. */
void render_member_time(struct buf *out, const char *key, int64_t time);

#endif
