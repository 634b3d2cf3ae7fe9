/* Numbers that look random and are the same in every run. */
#ifndef TESTS_PROPERTIES_CHANCE_H
#define TESTS_PROPERTIES_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state; /* the seed; not 0 */
};

/* A number below `count`, 0 for 0 (xorshift64*, Vigna 2016). */
static inline size_t chance_below(struct chance *chance, size_t count)
{
    chance->state ^= chance->state >> 12;
    chance->state ^= chance->state << 25;
    chance->state ^= chance->state >> 27;
    return (size_t)((chance->state * UINT64_C(2685821657736338717)) >> 33) % (count ? count : 1);
}

/* True once in `count` times. */
static inline bool chance_once_in(struct chance *chance, size_t count)
{
    return chance_below(chance, count) == 0;
}

/* One of an array's elements. */
#define CHANCE_OF(chance, array) ((array)[chance_below(chance, sizeof(array) / sizeof(*(array)))])

#endif
