/* The time of a job as cron writes it. */
#ifndef PATCHES_CRON_H
#define PATCHES_CRON_H

#include "base/error.h"
#include "base/str.h"

/* Whether the text is the five fields of a crontab line (crontab(5)): minute, hour, day of month,
 * month, day of week, each a '*', number, range or list of them, with an optional step; months and
 * days of the week also by name. *err is what was found and expected, without a place. */
bool cron_valid(struct str text, struct error *err);

#endif
