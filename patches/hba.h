/*
 * pg_hba rules as Patroni and PostgreSQL take them (PostgreSQL documentation, "The pg_hba.conf
 * File"): Harbor's two, the nine that work, and whether a list locks Patroni out of its own
 * database.
 */
#ifndef PATCHES_HBA_H
#define PATCHES_HBA_H

#include "base/error.h"
#include "base/strlist.h"

/* The nine rules that replace Harbor's, byte for byte, and Harbor's own two. */
#define HBA_REPAIRED_COUNT 9
extern const char *const hba_repaired[HBA_REPAIRED_COUNT];
#define HBA_HARBOR_COUNT 2
extern const char *const hba_harbor[HBA_HARBOR_COUNT];

/* Whether `rules` are Harbor's two, white space folded. */
bool hba_is_harbor(const struct str *rules, size_t count);

/* Whether both lists are the same, white space folded. */
bool hba_same(const struct str *a, size_t a_count, const struct str *b, size_t b_count);

/* Whether Patroni can work with the list, decided as PostgreSQL does, first match: (local, database
 * postgres, `superuser`) and (local, host or hostssl, replication, `standby`) must meet a rule with
 * trust, peer, md5 or scram-sha-256. If not, *err names the connection and what refuses it. */
bool hba_lets_patroni_in(const struct str *rules, size_t count, struct str superuser,
                         struct str standby, struct error *err);

#endif
