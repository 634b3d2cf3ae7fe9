/*
 * Container images of spilo: which tag is which, and what the image behind it carries (the table is
 * domain knowledge about ghcr.io/zalando/spilo-NN and its older registries).
 */
#ifndef PATCHES_IMAGE_H
#define PATCHES_IMAGE_H

#include "base/str.h"

/* A spilo release, ordered: 2.1-p9 is {2, 1, 9}. */
struct spilo_tag {
    unsigned major, minor, patch;
};

enum image_side {
    IMAGE_SIDE_OLD,     /* Ubuntu 18.04, glibc 2.27: up to 2.1-p8 */
    IMAGE_SIDE_NEW,     /* Ubuntu 22.04, glibc 2.35: from 2.1-p9 on */
    IMAGE_SIDE_UNKNOWN, /* digest only, unknown tag or repository */
};

struct image {
    bool known; /* repository spilo-NN with a tag of the form 2.1-p9 */
    struct spilo_tag tag;
};

/* Takes `registry/path/name:tag@digest` apart; never fails, the answer may be "not known". */
struct image image_parse(struct str reference);

/* Which side of the locale line (between 2.1-p7 and 2.1-p9) an image is on. */
enum image_side image_side(struct image image);

/* Whether the image is known and older than the release. */
bool image_before(struct image image, unsigned major, unsigned minor, unsigned patch);

/* Whether the image carries binaries of a PostgreSQL major version; true when it is not known. */
bool image_carries(struct image image, unsigned postgresql);

/* The PostgreSQL majors that a known image carries. */
void image_versions(struct image image, unsigned *ret_first, unsigned *ret_last);

#endif
