#include "server/archive/watch_plan.h"

#include "base/mem.h"

struct watch_plan watch_plan_new(size_t count, uint64_t interval, uint64_t now)
{
    struct watch_plan plan = {
        .interval = interval,
        .count = count,
        .due = xcalloc(count, sizeof(*plan.due)),
        .busy = xcalloc(count, sizeof(*plan.busy)),
        .begun = xcalloc(count, sizeof(*plan.begun)),
    };
    for (size_t i = 0; i < count; i++)
        plan.due[i] = now;
    return plan;
}

void watch_plan_done(struct watch_plan *plan)
{
    free(plan->due);
    free(plan->busy);
    free(plan->begun);
    *plan = (struct watch_plan){0};
}

/* The one that is due first, of those that are not busy. */
static size_t first(const struct watch_plan *plan)
{
    size_t found = WATCH_PLAN_NONE;
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->busy[i] && (found == WATCH_PLAN_NONE || plan->due[i] < plan->due[found]))
            found = i;
    return found;
}

size_t watch_plan_next(const struct watch_plan *plan, uint64_t now)
{
    size_t found = first(plan);
    return found != WATCH_PLAN_NONE && plan->due[found] <= now ? found : WATCH_PLAN_NONE;
}

uint64_t watch_plan_when(const struct watch_plan *plan)
{
    size_t found = first(plan);
    return found == WATCH_PLAN_NONE ? UINT64_MAX : plan->due[found];
}

void watch_plan_begin(struct watch_plan *plan, size_t target, uint64_t now)
{
    uint64_t step = plan->interval;
    if (!plan->begun[target])
        step = plan->interval / plan->count * (target + 1);
    plan->begun[target] = true;
    plan->busy[target] = true;
    plan->due[target] = now + step;
}

void watch_plan_end(struct watch_plan *plan, size_t target)
{
    plan->busy[target] = false;
}

void watch_plan_put_off(struct watch_plan *plan, size_t target, uint64_t due)
{
    plan->due[target] = due;
}
