#include "server/body.h"

#include "base/mem.h"

/* The first piece of memory; reviews are mostly smaller and then get what they announce. */
#define FIRST_SIZE 65536u

static bool reserve(struct body_account *account, size_t count)
{
    size_t used = atomic_load(&account->used);
    do {
        size_t limit = atomic_load(&account->limit);
        if (used > limit || count > limit - used)
            return false;
    } while (!atomic_compare_exchange_weak(&account->used, &used, used + count));
    return true;
}

void body_clear(struct body *body)
{
    free(body->data);
    atomic_fetch_sub(&body->account->used, body->size);
    body->data = NULL;
    body->length = 0;
    body->size = 0;
}

static void fail(struct body *body, enum body_state state)
{
    body_clear(body);
    body->state = state;
}

/* The next size that holds `needed`: doubling, but never more than the body can need. */
static size_t next_size(const struct body *body, size_t needed)
{
    uint64_t most = body->announced < body->limit ? body->announced : body->limit;
    size_t size = body->size ? body->size * 2 : FIRST_SIZE;
    if (size > most)
        size = (size_t)most;
    return size < needed ? needed : size;
}

static bool make_room(struct body *body, size_t count)
{
    size_t needed = body->length + count;
    if (needed <= body->size)
        return true;
    size_t size = next_size(body, needed);
    if (!reserve(body->account, size - body->size))
        return false;
    body->data = xrealloc(body->data, size);
    body->size = size;
    return true;
}

void body_add(struct body *body, struct str bytes)
{
    body->seen += bytes.length;
    if (body->state != BODY_FINE || bytes.length == 0)
        return;
    if (body->seen > body->limit) {
        fail(body, BODY_TOO_LARGE);
        return;
    }
    if (!make_room(body, bytes.length)) {
        fail(body, BODY_NO_ROOM);
        return;
    }
    memcpy(body->data + body->length, bytes.data, bytes.length);
    body->length += bytes.length;
}
