#include "patches/subject.h"

struct str object_label(struct value object, const char *key)
{
    return value_text(value_get(value_at(object, "metadata.labels"), key));
}

struct str object_annotation(struct value object, const char *key)
{
    return value_text(value_get(value_at(object, "metadata.annotations"), key));
}

struct str object_owner(struct value object, const char *group, const char *kind)
{
    struct value owner = value_first(value_at(object, "metadata.ownerReferences"));
    for (; value_type(owner) != VALUE_ABSENT; owner = value_next(owner))
        if (str_is(value_text(value_get(owner, "kind")), kind) &&
            str_starts(value_text(value_get(owner, "apiVersion")), str_of(group)))
            return value_text(value_get(owner, "name"));
    return STR_NONE;
}
