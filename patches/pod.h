/*
 * Spilo's pods: which pods are one, whose database they are, and whether a profile is for them. The
 * part that restore and backup decisions share.
 */
#ifndef PATCHES_POD_H
#define PATCHES_POD_H

#include "patches/env.h"

/* The pod of a spilo cluster. Borrowed from the subject but for `env` and `scope`. */
struct pod {
    struct value container; /* the one named "postgres" */
    struct env env;
    struct str image;
    struct buf scope;   /* env SCOPE: the name of the resource and of the StatefulSet */
    struct str cluster; /* the HarborCluster's name; STR_NONE when it is not Harbor's */
};

/* What a profile tells for the gate. */
struct pod_profile {
    const char *kind; /* "restore" or "backup", for messages */
    struct str name;  /* STR_NONE: the catch-all entry */
    const struct cluster_filter *clusters;
    const struct profile_problems *problems;
    const char *names; /* the profiles there are, comma-separated */
    bool one_source;   /* every cluster that it is for gets the same data */
};

/* Whether there is something to decide: a spilo pod that is created and that the profile is for.
 * If not, the decision is complete: untouched, or refused (catch-all entry; a Harbor database that
 * the profile neither covers nor excepts). With true the caller frees *ret with pod_done(). */
bool pod_concerns(const struct subject *subject, const struct pod_profile *profile,
                  struct decision *decision, struct pod *ret);
void pod_done(struct pod *pod);

/* Refuses for every mistake in the profile. */
void pod_check_profile(const struct pod_profile *profile, struct decision *decision);

#endif
