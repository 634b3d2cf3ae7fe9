#include "server/vault/names.h"

#include "base/mem.h"

#define NAME_LENGTH_MAX 253

#define LONG_TEMPLATE ".{cr}.credentials.postgresql.acid.zalan.do"
#define HARBOR_CR "{hc}-harbor-harbor"

/* postgres-operator's secret_name_template as Harbor's bundles set it, and as it is without them;
 * the rest are the names that Harbor-operator builds. */
const struct vault_part vault_parts[VAULT_PARTS] = {
    [VAULT_POSTGRES] = {"credentials of the role postgres",
                        {"postgres.{cr}.credentials", "postgres" LONG_TEMPLATE},
                        .role = "postgres",
                        .key = "password",
                        .without = "the operator makes up another password, and the restored "
                                   "database is given it"},
    [VAULT_STANDBY] = {"credentials of the role standby",
                       {"standby.{cr}.credentials", "standby" LONG_TEMPLATE},
                       .role = "standby",
                       .key = "password",
                       .without = "the operator makes up another password, and the restored "
                                  "database is given it"},
    [VAULT_HARBOR] = {"credentials of the role harbor",
                      {"harbor.{cr}.credentials", "harbor" LONG_TEMPLATE},
                      .role = "harbor",
                      .key = "password",
                      .without = "the operator makes up another password, which Harbor does not "
                                 "have when its own copy is restored"},
    [VAULT_DATABASE_PASSWORD] = {"Harbor's copy of the database password",
                                 {"{hc}-database-password", NULL},
                                 .key = "postgresql-password",
                                 .without = "Harbor copies it again from the credentials of the "
                                            "role harbor"},
    [VAULT_ENCRYPTION_KEY] = {"Harbor's encryption key",
                              {HARBOR_CR "-core-encryptionkey", NULL},
                              .key = "secret",
                              .without = "passwords of registries and of OIDC that Harbor keeps in "
                                         "its database can never be decrypted again"},
    [VAULT_ADMIN_PASSWORD] = {"the admin password that Harbor-operator made up",
                              {HARBOR_CR "-core-admin-password", NULL},
                              .key = "secret"},
    [VAULT_NOTARY_KEY] = {"Notary's encryption key",
                          {HARBOR_CR "-notarysigner-encryption-key", NULL},
                          .key = "DEFAULT"},
    [VAULT_RESTORE_KEYS] = {"keys of the bucket that a restore reads", {"harbor-pg-restore", NULL}},
    [VAULT_BACKUP_KEYS] = {"keys of the bucket that the database archives to",
                           {"harbor-pg-backup", NULL}},
};

/* Where a HarborCluster names Secrets that nobody makes anew. */
static const char *const references[] = {
    "harborAdminPasswordRef",           "database/spec/postgresql/passwordRef",
    "cache/spec/redis/passwordRef",     "storage/spec/s3/secretkeyRef",
    "storage/spec/swift/secretkeyRef",  "storage/spec/swift/passwordRef",
    "storage/spec/azure/accountkeyRef", "storage/spec/gcs/keyDataRef",
    "storage/spec/oss/accessSecretRef", "storage/spec/minIO/secretRef",
};

bool vault_is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > NAME_LENGTH_MAX)
        return false;
    bool after_dot = true; /* or at the start: a letter or a digit is needed */
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool inner = !after_dot && (c == '-' || (c == '.' && text[i - 1] != '-'));
        if (!plain && !inner)
            return false;
        after_dot = c == '.';
    }
    return !after_dot && text[length - 1] != '-';
}

char *vault_part_name(enum vault_part_index part, size_t form, const struct vault_owner *owner)
{
    const char *template = vault_parts[part].names[form];
    struct buf name = BUF(1024);
    if (!template)
        return NULL;
    while (*template) {
        struct str rest = str_of(template);
        if (str_starts(rest, STR("{cr}")))
            buf_addf(&name, "postgresql-%s-%s", owner->namespace, owner->harbor_cluster);
        else if (str_starts(rest, STR("{hc}")))
            buf_add_text(&name, owner->harbor_cluster);
        else
            buf_add_char(&name, *template);
        template += *template == '{' ? strlen("{cr}") : 1;
    }
    return buf_take(&name);
}

/* Each name once; what somebody asks for by name stays asked for. */
static void add(struct vault_names *names, const char *name, const char *why, size_t part,
                bool named)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].name, name) == 0) {
            if (!named)
                return;
            free(names->items[i].why);
            names->items[i].why = xstrdup(why);
            names->items[i].named = true;
            return;
        }
    if (names->count == VAULT_NAMES_MAX)
        return;
    names->items = xrealloc(names->items, (names->count + 1) * sizeof(*names->items));
    names->items[names->count++] = (struct vault_name){xstrdup(name), xstrdup(why), part, named};
}

void vault_names_of(struct vault_names *names, const struct vault_owner *owner)
{
    for (enum vault_part_index part = 0; part < VAULT_PARTS; part++)
        for (size_t form = 0; form < 2; form++) {
            autofree char *name = vault_part_name(part, form, owner);
            if (name)
                add(names, name, vault_parts[part].what, part, false);
        }
}

/* The text at "a/b/c" below an object; NULL when there is none. */
static const char *text_at(const json_t *json, const char *path)
{
    for (;;) {
        size_t length = strcspn(path, "/");
        autofree char *key = xstrndup(path, length);
        json = json_object_get(json, key);
        if (path[length] == '\0')
            return json_string_value(json);
        path += length + 1;
    }
}

static bool of_database(size_t part)
{
    return part <= VAULT_DATABASE_PASSWORD;
}

static void drop_database(struct vault_names *names)
{
    size_t kept = 0;
    names->foreign_database = true;
    for (size_t i = 0; i < names->count; i++) {
        if (!of_database(names->items[i].part)) {
            names->items[kept++] = names->items[i];
            continue;
        }
        free(names->items[i].name);
        free(names->items[i].why);
    }
    names->count = kept;
}

void vault_names_read(struct vault_names *names, const json_t *harbor_cluster)
{
    const json_t *spec = json_object_get(harbor_cluster, "spec");
    const json_t *database = json_object_get(json_object_get(spec, "database"), "spec");
    if (json_is_object(json_object_get(database, "postgresql")))
        drop_database(names);
    for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
        const char *name = text_at(spec, references[i]);
        if (!name || !vault_is_name(name))
            continue;
        autofree char *why = xasprintf("spec.%s of the HarborCluster", references[i]);
        for (char *c = why; *c; c++)
            *c = *c == '/' ? '.' : *c;
        add(names, name, why, VAULT_PARTS, true);
    }
}

bool vault_names_add(struct vault_names *names, const char *name, const char *why,
                     struct error *err)
{
    if (!vault_is_name(name))
        return error_set(err, "'%.253s' is not the name of a Secret", name);
    if (names->count == VAULT_NAMES_MAX)
        return error_set(err, "more than %d names", VAULT_NAMES_MAX);
    add(names, name, why, VAULT_PARTS, true);
    return true;
}

void vault_names_done(struct vault_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i].name);
        free(names->items[i].why);
    }
    free(names->items);
    *names = (struct vault_names){0};
}

static bool part_found(const struct vault_names *names, const bool *found, size_t part)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].part == part && found[i])
            return true;
    return false;
}

/* Whether a part whose absence is told anyhow covers the name. */
static bool told_by_part(const struct vault_name *name, const struct vault_owner *owner)
{
    return owner->harbor_cluster && name->part < VAULT_PARTS && vault_parts[name->part].without;
}

void vault_names_absent(const struct vault_names *names, const bool *found,
                        const struct vault_owner *owner, struct strlist *absent)
{
    for (enum vault_part_index part = 0; owner->harbor_cluster && part < VAULT_PARTS; part++) {
        if (!vault_parts[part].without || part_found(names, found, part) ||
            (names->foreign_database && of_database(part)))
            continue;
        autofree char *first = vault_part_name(part, 0, owner);
        autofree char *second = vault_part_name(part, 1, owner);
        strlist_addf(absent, "%s: %s%s%s is not there; without it %s", vault_parts[part].what,
                     first, second ? " or " : "", second ? second : "", vault_parts[part].without);
    }
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].named && !found[i] && !told_by_part(&names->items[i], owner))
            strlist_addf(absent, "%s: is not there, but %s names it", names->items[i].name,
                         names->items[i].why);
}

char *vault_name_moved(const char *name, const struct vault_owner *from, const char *namespace)
{
    const struct vault_owner to = {namespace, from->harbor_cluster};
    for (enum vault_part_index part = 0; from->harbor_cluster && part < VAULT_PARTS; part++)
        for (size_t form = 0; form < 2; form++) {
            autofree char *known = vault_part_name(part, form, from);
            if (known && strcmp(known, name) == 0)
                return vault_part_name(part, form, &to);
        }
    return xstrdup(name);
}
