/* The newest backup and the newest WAL segment of an archive, with few requests. */
#ifndef SERVER_ARCHIVE_NEWEST_H
#define SERVER_ARCHIVE_NEWEST_H

#include "server/archive/find.h"
#include "server/archive/names.h"

/* Both fill their part of *archive; `folder` is where it lies, with "/" at its end. What could not
 * be listed or read goes into the list. */
void newest_backup(struct source *source, const char *folder, struct found_archive *archive,
                   struct strlist *not_read);

/* Where there are too many segments to list, they are taken to follow one another from the newest
 * backup on: behind a hole none is seen (it is `backups verify` that looks for holes). */
void newest_wal(struct source *source, const char *folder, struct found_archive *archive,
                struct strlist *not_read);

#endif
