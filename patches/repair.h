/*
 * The repair of one `postgresql` resource, field by field: what the request brings, what is done
 * with each field, and what the result looks like. No text for people and no patch here.
 */
#ifndef PATCHES_REPAIR_H
#define PATCHES_REPAIR_H

#include "patches/resource.h"

/* What is done with one field. */
enum repair_action {
    REPAIR_KEEP,       /* as object has it */
    REPAIR_FROM_OLD,   /* as oldObject has it: Harbor's PUT would lose it */
    REPAIR_FROM_POLICY /* as the configuration wants it */
};

/* What the plan is made from. */
struct repair_facts {
    const struct policy *policy;
    const struct subject *subject;
    struct resource now;
    struct resource old; /* on UPDATE */
    bool update;
    bool frozen;      /* nothing may change: only metadata or a subresource did */
    bool repair_live; /* asked to repair what lives with Harbor's defaults */
};

struct repair_plan {
    enum repair_action rules;
    enum repair_action image;
    enum repair_action version;
    enum repair_action env_list;    /* REPAIR_FROM_OLD: the whole of spec.env */
    enum repair_action env_locales; /* one entry: REPAIR_FROM_OLD or REPAIR_FROM_POLICY */
};

/* Reads what the plan is made from. */
void repair_gather(const struct policy *policy, const struct subject *subject,
                   struct repair_facts *ret);

struct repair_plan repair_plan_make(const struct repair_facts *facts);

/* The resource as it will be under a plan: the kind of its rules and whether they let Patroni in
 * (with the cause if not), the kind of its image and the image. */
enum rules_kind repair_result_rules(const struct repair_facts *facts,
                                    const struct repair_plan *plan);
bool repair_result_rules_work(const struct repair_facts *facts, const struct repair_plan *plan,
                              struct error *err);
enum image_kind repair_result_image_kind(const struct repair_facts *facts,
                                         const struct repair_plan *plan);
struct str repair_result_image(const struct repair_facts *facts, const struct repair_plan *plan);

/* The PostgreSQL version that the resource will ask for, and whether the pin carries it. */
unsigned repair_wanted_version(const struct repair_facts *facts);
bool repair_pin_carries(const struct repair_facts *facts);

/* Whether the rules of the resource are all that the image has: from 2.0-p2 on. Older images append
 * their own to them. */
bool repair_rules_matter(struct str image);

/* What keeps a live image from being moved to the pin, or NULL. */
const char *repair_live_move_obstacle(const struct repair_facts *facts);

#endif
