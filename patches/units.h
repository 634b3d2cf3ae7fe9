/* Sizes and durations as text with a unit: "7MiB", "64KiB", "10s", "500ms". */
#ifndef PATCHES_UNITS_H
#define PATCHES_UNITS_H

#include "base/str.h"

#include <stdint.h>

/* Bytes: a whole number with B, KiB, MiB or GiB behind it. False when it is none or too large. */
bool units_size(struct str text, uint64_t *ret_bytes);

/* Milliseconds: a whole number with ms, s, m or h behind it. */
bool units_duration(struct str text, uint64_t *ret_milliseconds);

#endif
