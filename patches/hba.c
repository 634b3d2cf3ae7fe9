#include "patches/hba.h"

const char *const hba_repaired[HBA_REPAIRED_COUNT] = {
    "hostssl all all 0.0.0.0/0 md5",
    "host all all 0.0.0.0/0 md5",
    "local all all trust",
    "local replication postgres trust",
    "hostssl replication postgres all md5",
    "local   replication standby trust",
    "hostssl replication standby all md5",
    "hostssl all +zalandos all pam",
    "hostssl all all all md5",
};

const char *const hba_harbor[HBA_HARBOR_COUNT] = {
    "hostssl all all 0.0.0.0/0 md5",
    "host    all all 0.0.0.0/0 md5",
};

/* One name of a comma-separated field. A quoted name is never a keyword. */
struct name {
    struct str text;
    bool quoted;
};

/* A connection that Patroni makes, and the rule types that apply to it. */
struct connection {
    const char *what;
    const char *const *types; /* NULL-terminated */
    bool replication;
    struct str user;
};

static const char *const all_types[] = {"local",      "host",         "hostssl", "hostnossl",
                                        "hostgssenc", "hostnogssenc", NULL};
static const char *const local_types[] = {"local", NULL};
static const char *const replica_types[] = {"local", "host", "hostssl", NULL};
static const char *const good_methods[] = {"trust",         "peer",     "ident", "md5",
                                           "scram-sha-256", "password", "cert",  NULL};

static bool is_one_of(struct str word, const char *const *words)
{
    for (; *words; words++)
        if (str_is(word, *words))
            return true;
    return false;
}

bool hba_same(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!str_same_words(a[i], b[i]))
            return false;
    return true;
}

bool hba_is_harbor(const struct str *rules, size_t count)
{
    struct str harbor[HBA_HARBOR_COUNT];
    for (size_t i = 0; i < HBA_HARBOR_COUNT; i++)
        harbor[i] = str_of(hba_harbor[i]);
    return hba_same(rules, count, harbor, HBA_HARBOR_COUNT);
}

/* Takes a field off the front: up to white space outside quotes, or a comment. White space after a
 * comma belongs to the list, as in PostgreSQL's reader. */
static struct str next_field(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t length = 0;
    bool quoted = false;
    bool after_comma = false;
    for (; length < rest->length; length++) {
        char c = rest->data[length];
        bool space = c == ' ' || c == '\t';
        if (c == '"')
            quoted = !quoted;
        if (!quoted && (c == '#' || (space && !after_comma)))
            break;
        if (!space)
            after_comma = c == ',';
    }
    struct str field = {rest->data, length};
    bool comment = length < rest->length && rest->data[length] == '#';
    *rest = (struct str){rest->data + length, comment ? 0 : rest->length - length};
    return field;
}

/* Takes a name off a comma-separated field; false at its end. */
static bool next_name(struct str *field, struct name *ret)
{
    while (field->length &&
           (field->data[0] == ',' || field->data[0] == ' ' || field->data[0] == '\t'))
        *field = str_skip(*field, 1);
    if (!field->length)
        return false;
    bool quoted = field->data[0] == '"';
    if (quoted)
        *field = str_skip(*field, 1);
    size_t length = 0;
    while (length < field->length && field->data[length] != (quoted ? '"' : ','))
        length++;
    struct str text = {field->data, length};
    *ret = (struct name){quoted ? text : str_trim(text), quoted};
    *field = str_skip(*field, length + (quoted ? 1 : 0));
    return true;
}

static bool is_keyword(struct name name, const char *keyword)
{
    return !name.quoted && str_is(name.text, keyword);
}

/* check_db() of PostgreSQL's hba.c, for the database "postgres" or a physical replication. */
static bool database_matches(struct str field, const struct connection *connection)
{
    struct name name;
    while (next_name(&field, &name)) {
        if (is_keyword(name, "replication")) {
            if (connection->replication)
                return true;
        } else if (!connection->replication) {
            bool own = is_keyword(name, "sameuser") || is_keyword(name, "samerole") ||
                       is_keyword(name, "samegroup");
            if (is_keyword(name, "all") || str_is(name.text, "postgres") ||
                (own && str_is(connection->user, "postgres")))
                return true;
        }
    }
    return false;
}

/* check_role() of the same. A role is a member of itself; other memberships are not known here. */
static bool user_matches(struct str field, struct str user)
{
    struct name name;
    while (next_name(&field, &name)) {
        bool group = !name.quoted && str_starts(name.text, STR("+"));
        if (is_keyword(name, "all") || str_equal(group ? str_skip(name.text, 1) : name.text, user))
            return true;
    }
    return false;
}

/* The method follows the address, which may be followed by a mask of its own. */
static struct str method_of(struct str type, struct str *rest)
{
    if (str_is(type, "local"))
        return next_field(rest);
    struct str address = next_field(rest);
    struct str method = next_field(rest);
    bool ip_without_mask =
        str_find(address, STR("/")) < 0 && method.length &&
        ((method.data[0] >= '0' && method.data[0] <= '9') || str_find(method, STR(":")) >= 0);
    return ip_without_mask ? next_field(rest) : method;
}

/* What one rule says about a connection. */
enum verdict { NO_MATCH, ACCEPTED, REFUSED, UNREADABLE };

/* Judges a rule and tells how much of it may be shown: up to its method, because secrets may stand
 * among the options (ldapbindpasswd). */
static enum verdict rule_verdict(struct str rule, const struct connection *connection,
                                 struct str *ret_shown)
{
    struct str rest = rule;
    struct str type = next_field(&rest);
    if (!type.length)
        return NO_MATCH;
    struct str database = next_field(&rest);
    struct str user = next_field(&rest);
    *ret_shown = (struct str){rule.data, (size_t)(rest.data - rule.data)};
    struct str method = method_of(type, &rest);
    if (!is_one_of(type, all_types) || !method.length)
        return UNREADABLE;
    *ret_shown = (struct str){rule.data, (size_t)(rest.data - rule.data)};
    if (!is_one_of(type, connection->types) || !database_matches(database, connection) ||
        !user_matches(user, connection->user))
        return NO_MATCH;
    return is_one_of(method, good_methods) ? ACCEPTED : REFUSED;
}

static bool connects(const struct str *rules, size_t count, const struct connection *connection,
                     struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct str shown = STR("");
        switch (rule_verdict(rules[i], connection, &shown)) {
        case ACCEPTED:
            return true;
        case REFUSED:
            return error_set(err, "rule %zu '%.*s' refuses %s as user '%.*s'", i + 1,
                             STR_ARG(shown), connection->what, STR_ARG(connection->user));
        case UNREADABLE:
            return error_set(err, "rule %zu '%.*s' is not a rule that PostgreSQL can read", i + 1,
                             STR_ARG(shown));
        case NO_MATCH:
            break;
        }
    }
    return error_set(err, "no rule lets in %s as user '%.*s'", connection->what,
                     STR_ARG(connection->user));
}

bool hba_lets_patroni_in(const struct str *rules, size_t count, struct str superuser,
                         struct str standby, struct error *err)
{
    const struct connection connections[] = {
        {"the local connection to database 'postgres'", local_types, false, superuser},
        {"a replication connection", replica_types, true, standby},
    };
    for (size_t i = 0; i < sizeof(connections) / sizeof(*connections); i++)
        if (!connects(rules, count, &connections[i], err))
            return false;
    return true;
}
