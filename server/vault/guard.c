#include "server/vault/guard.h"

#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void clear_and_free(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

bool vault_guard(struct error *err)
{
    char text[128];
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set(err, "cannot rule out a core file: %s",
                         error_errno(errno, text, sizeof(text)));
    json_set_alloc_funcs(xmalloc, clear_and_free);
    return true;
}
