#include "patches/decide.h"
#include "patches/entries.h"
#include "patches/pod.h"

#include <assert.h>

/* What else would decide where the archive lies or who opens it: not wanted beside a profile. */
static const char *const place_names[] = {
    "WALG_S3_PREFIX",
    "WALE_S3_PREFIX",
    "WAL_GCS_BUCKET",
    "WAL_GS_BUCKET",
    "WAL_SWIFT_BUCKET",
    "WALG_GS_PREFIX",
    "WALE_GS_PREFIX",
    "WALE_GCS_PREFIX",
    "WALG_AZ_PREFIX",
    "WALE_SWIFT_PREFIX",
    "WALG_SSH_PREFIX",
    "AWS_ENDPOINT",
    "WALE_S3_ENDPOINT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
};
#define PLACE_COUNT (sizeof(place_names) / sizeof(*place_names))

static bool owns_place_name(struct str name)
{
    for (size_t i = 0; i < PLACE_COUNT; i++)
        if (str_is(name, place_names[i]))
            return true;
    return false;
}

static void inject(const struct backup_profile *profile, const struct pod *pod,
                   struct decision *decision)
{
    struct entry_list neutral = {0};
    for (size_t i = 0; pod->env.has_env_from && i < PLACE_COUNT; i++)
        entry_add_value(&neutral, place_names[i], "");
    decision->state = STATE_BACKUP;
    env_inject(&pod->env, &profile->entries, &neutral, owns_place_name, decision);
    entries_clear(&neutral);
    bool changes = decision->operations > 0;
    decision_note(decision, changes ? REASON_BACKUP : REASON_ALREADY_RIGHT);
    decision_trace(
        decision, "environment", changes, changes ? "the archive variables of the profile" : NULL,
        changes ? "the environment is not the profile's yet" : "the environment is the profile's");
}

void decide_backup(const struct policy *policy, const struct backup_profile *profile,
                   const struct subject *subject, struct decision *decision)
{
    autofree char *names = profile ? NULL : policy_backup_names(policy);
    const struct pod_profile gate = {
        .kind = "backup",
        .name = profile ? str_of(profile->name) : STR_NONE,
        .clusters = profile ? &profile->clusters : NULL,
        .problems = profile ? &profile->problems : NULL,
        .names = names,
    };
    struct pod pod;
    if (!pod_concerns(subject, &gate, decision, &pod))
        return;
    assert(profile); /* the catch-all entry refuses, or is not concerned */
    pod_check_profile(&gate, decision);
    if (decision_allowed(decision))
        inject(profile, &pod, decision);
    pod_done(&pod);
}
