/* Numbers of a JSON text (RFC 8259 6), checked as jansson does: integers fit 64 bits, reals do not
 * overflow a double. */
#ifndef PATCHES_JSON_NUMBER_H
#define PATCHES_JSON_NUMBER_H

#include "patches/json_string.h"

/* Reads the number at `at`; the text ends at `end`. Returns the place behind it. NULL with *fault
 * on failure; where a digit is missing fault->what is NULL. A number that ends the text is a fault,
 * as nothing but an array or object may. */
const char *json_number_read(const char *at, const char *end, struct json_fault *fault);

#endif
