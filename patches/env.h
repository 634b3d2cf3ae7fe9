/*
 * A container's environment as the kubelet will make it: which names it has, which values are known
 * at admission, and the JSON Patch that gives it other ones.
 */
#ifndef PATCHES_ENV_H
#define PATCHES_ENV_H

#include "patches/decision.h"
#include "patches/policy.h"
#include "patches/subject.h"

struct env_entry {
    struct str name;
    struct value entry;
};

/* A name and the index of its entry. */
struct env_place {
    struct str name;
    size_t index;
};

/* The environment of one container of a pod. */
struct env {
    const struct subject *subject;
    size_t container;  /* index in spec.containers */
    bool has_env_from; /* names may come from envFrom, unseen */
    struct env_entry *entries;
    size_t count;
    struct env_place *sorted; /* by name, then by index; NULL while there are few */
};

/* Reads the container at `index`. The caller frees with env_done(). */
void env_read(const struct subject *subject, struct value container, size_t index, struct env *ret);
void env_done(struct env *env);

/* Whether any entry has the name. */
bool env_has(const struct env *env, struct str name);

enum env_state {
    ENV_ABSENT,  /* nothing sets it */
    ENV_LITERAL, /* the value is known */
    ENV_UNKNOWN, /* a reference, or envFrom could bring it */
};

/* The value that the container will see: the last entry of the name counts, $(NAME) takes earlier
 * entries (Kubernetes, "Define Dependent Environment Variables"), the downward API is followed.
 * With ENV_LITERAL the text is added to `value`, which must be empty. */
enum env_state env_resolve(const struct env *env, const char *name, struct buf *value);

/* Whether the name has, or may have, a value that is not empty. */
bool env_is_set(const struct env *env, const char *name);

/* Writes the patch that makes the environment hold exactly the wanted entries among the names that
 * `owns` says yes to, one entry a name, and leaves everything else as it is. Where envFrom could
 * bring an owned name that is not wanted, its entry of `neutral` is set instead. Replaces in place,
 * appends, and removes last and from the end. Sets decision->operations. */
void env_inject(const struct env *env, const struct entry_list *wanted,
                const struct entry_list *neutral, bool (*owns)(struct str name),
                struct decision *decision);

#endif
