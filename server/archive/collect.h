/*
 * Reads of an archive what a judgement needs: the listings, the description of each backup, the
 * history files. Bounded memory. What cannot be read is a fact too, never a failure.
 */
#ifndef SERVER_ARCHIVE_COLLECT_H
#define SERVER_ARCHIVE_COLLECT_H

#include "server/archive/facts.h"
#include "server/archive/source.h"

/* Fills *ret, which the caller ends with facts_done(). */
void collect(struct source *source, struct facts *ret);

#endif
