#include "patches/units.h"

struct unit {
    struct str name;
    uint64_t factor;
};

/* A unit that ends another one ("B", "s") comes behind it. */
static const struct unit sizes[] = {
    {STR("KiB"), 1024},
    {STR("MiB"), 1024 * 1024},
    {STR("GiB"), 1024 * 1024 * 1024},
    {STR("B"), 1},
};
static const struct unit durations[] = {
    {STR("ms"), 1},
    {STR("s"), 1000},
    {STR("m"), 60 * 1000},
    {STR("h"), 60 * 60 * 1000},
};

static bool parse(const struct unit *units, size_t count, struct str text, uint64_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_ends(text, units[i].name))
            continue;
        uint64_t number;
        struct str digits = {text.data, text.length - units[i].name.length};
        if (!str_number(digits, &number) || number > UINT64_MAX / units[i].factor)
            return false;
        *ret = number * units[i].factor;
        return true;
    }
    return false;
}

bool units_size(struct str text, uint64_t *ret_bytes)
{
    return parse(sizes, sizeof(sizes) / sizeof(sizes[0]), text, ret_bytes);
}

bool units_duration(struct str text, uint64_t *ret_milliseconds)
{
    return parse(durations, sizeof(durations) / sizeof(durations[0]), text, ret_milliseconds);
}
