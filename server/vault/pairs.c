#include "server/vault/pairs.h"

#include "base/mem.h"
#include "certs/digest.h"
#include "certs/secret.h"
#include "server/vault/plan.h"

struct set {
    const struct vault_held *held;
    size_t count;
    const struct vault_owner *owner;
};

/* The Secret of a part under one of its names; NULL when there is none. */
static const struct vault_held *find(const struct set *set, enum vault_part_index part, size_t form)
{
    autofree char *name = vault_part_name(part, form, set->owner);
    for (size_t i = 0; name && i < set->count; i++)
        if (strcmp(set->held[i].name, name) == 0)
            return &set->held[i];
    return NULL;
}

static const struct vault_held *find_any(const struct set *set, enum vault_part_index part)
{
    const struct vault_held *first = find(set, part, 0);
    return first ? first : find(set, part, 1);
}

static bool same(const struct vault_held *a, const char *a_key, const struct vault_held *b,
                 const char *b_key)
{
    cleanup(secret_clear) struct buf left = {0};
    cleanup(secret_clear) struct buf right = {0};
    return vault_value(a->secret, a_key, &left) && vault_value(b->secret, b_key, &right) &&
           left.length && digest_same(buf_str(&left), buf_str(&right));
}

/* postgres-operator takes a Secret that is there only when its username is the role. */
static void judge_credentials(const struct vault_held *held, const struct vault_part *part,
                              struct strlist *findings)
{
    cleanup(secret_clear) struct buf username = {0};
    cleanup(secret_clear) struct buf password = {0};
    bool named =
        vault_value(held->secret, "username", &username) && str_is(buf_str(&username), part->role);
    if (!named)
        strlist_addf(findings,
                     "%s: its username is not '%s', so the operator does not take its password for "
                     "that role; put the right username in",
                     held->name, part->role);
    if (!vault_value(held->secret, part->key, &password) || !password.length)
        strlist_addf(findings, "%s: has no %s, so nobody logs in as %s; put it in", held->name,
                     part->key, part->role);
}

/* Which of the two names the operator reads is a setting of the operator. */
static void judge_forms(const struct set *set, enum vault_part_index index,
                        struct strlist *findings)
{
    const struct vault_part *part = &vault_parts[index];
    const struct vault_held *first = find(set, index, 0);
    const struct vault_held *second = find(set, index, 1);
    if (first)
        judge_credentials(first, part, findings);
    if (second)
        judge_credentials(second, part, findings);
    if (first && second && !same(first, part->key, second, part->key))
        strlist_addf(findings,
                     "%s, %s: have different passwords; the operator reads the one that its "
                     "secret_name_template names, so delete the other one",
                     first->name, second->name);
}

/* Harbor's copy is made once and never refreshed. */
static void judge_copy(const struct set *set, struct strlist *findings)
{
    const struct vault_held *copy = find_any(set, VAULT_DATABASE_PASSWORD);
    if (!copy)
        return;
    const char *key = vault_parts[VAULT_DATABASE_PASSWORD].key;
    bool found = false;
    for (size_t form = 0; form < 2; form++) {
        const struct vault_held *harbor = find(set, VAULT_HARBOR, form);
        found = found || harbor;
        if (harbor && !same(harbor, vault_parts[VAULT_HARBOR].key, copy, key))
            strlist_addf(findings,
                         "%s, %s: the passwords differ, so Harbor will not log in to its database; "
                         "restore both from one archive, or delete %s before Harbor is created",
                         harbor->name, copy->name, copy->name);
    }
    autofree char *missing = vault_part_name(VAULT_HARBOR, 0, set->owner);
    if (!found)
        strlist_addf(findings,
                     "%s: is there without %s, for which the operator will make up another "
                     "password, so Harbor will not log in to its database; restore both, or "
                     "neither",
                     copy->name, missing);
}

static void judge_encryption_key(const struct set *set, struct strlist *findings)
{
    const struct vault_part *part = &vault_parts[VAULT_ENCRYPTION_KEY];
    const struct vault_held *held = find_any(set, VAULT_ENCRYPTION_KEY);
    cleanup(secret_clear) struct buf value = {0};
    if (held && held->archived &&
        !same(held, part->key, &(struct vault_held){.secret = held->archived}, part->key))
        strlist_addf(findings,
                     "%s: is another key than the one that the archived database was written with; "
                     "if that database is restored, %s; delete it and restore again before Harbor "
                     "is created",
                     held->name, part->without);
    if (held && vault_value(held->secret, part->key, &value) && value.length)
        return;
    autofree char *name = vault_part_name(VAULT_ENCRYPTION_KEY, 0, set->owner);
    if (held)
        strlist_addf(findings, "%s: has no %s, so Harbor cannot decrypt anything; put it in", name,
                     part->key);
    else
        strlist_addf(findings,
                     "%s: is not there, so Harbor-operator will make up another key; then %s; "
                     "restore it from another archive before Harbor is created",
                     name, part->without);
}

void vault_pairs(const struct vault_held *held, size_t count, const struct vault_owner *owner,
                 struct strlist *findings)
{
    const struct set set = {held, count, owner};
    if (!owner->harbor_cluster)
        return;
    judge_forms(&set, VAULT_POSTGRES, findings);
    judge_forms(&set, VAULT_STANDBY, findings);
    judge_forms(&set, VAULT_HARBOR, findings);
    judge_copy(&set, findings);
    judge_encryption_key(&set, findings);
}
