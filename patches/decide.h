/*
 * The four decisions. Pure: what they know is in their arguments, what they decide is in
 * `decision`, which must have been initialised.
 */
#ifndef PATCHES_DECIDE_H
#define PATCHES_DECIDE_H

#include "patches/decision.h"
#include "patches/policy.h"
#include "patches/subject.h"

/* A `postgresql` resource (acid.zalan.do/v1): repairs rules, image, locales and version of
 * Harbor's. Never refuses. */
void decide_postgresql(const struct policy *policy, const struct subject *subject,
                       struct decision *decision);

/* A pod in a namespace with a restore label. `profile` NULL is the catch-all entry: every spilo
 * pod is refused. */
void decide_restore(const struct policy *policy, const struct restore_profile *profile,
                    const struct subject *subject, struct decision *decision);

/* A pod in a namespace with a backup label; `profile` as above. */
void decide_backup(const struct policy *policy, const struct backup_profile *profile,
                   const struct subject *subject, struct decision *decision);

/* A restore ConfigMap: refuses what would restore wrongly. */
void decide_configmap(const struct policy *policy, const struct subject *subject,
                      struct decision *decision);

#endif
