/* Keeps what this process has in its memory out of everything that outlives it. */
#ifndef SERVER_VAULT_GUARD_H
#define SERVER_VAULT_GUARD_H

#include "base/error.h"

/* From now on there is no core file of this process, no other process of the same user reads its
 * memory, and JSON is overwritten when it is freed. To be called before the first JSON, and while
 * there is one thread. */
bool vault_guard(struct error *err) __attribute__((warn_unused_result));

#endif
