#include "patches/image.h"

/* Which PostgreSQL majors a release carries, from its Dockerfile (PGVERSION, PGOLDVERSIONS); each
 * row holds up to the next one. */
static const struct {
    struct spilo_tag from;
    unsigned first, last;
} releases[] = {
    {{0, 0, 0}, 9, 12},  /* spilo-12 and before: 9.5 to 12 */
    {{2, 0, 0}, 9, 13},  /* spilo-13 */
    {{2, 1, 2}, 9, 14},  /* spilo-14 */
    {{2, 1, 9}, 10, 15}, /* spilo-15 */
    {{3, 2, 2}, 11, 16}, /* spilo-16 */
    {{3, 3, 0}, 12, 16}, {{4, 0, 0}, 13, 17}, {{4, 1, 0}, 14, 18},
};

static int compare(struct spilo_tag a, struct spilo_tag b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    if (a.minor != b.minor)
        return a.minor < b.minor ? -1 : 1;
    return a.patch == b.patch ? 0 : a.patch < b.patch ? -1 : 1;
}

/* Takes a decimal number of at most four digits off the front. */
static bool take_number(struct str *text, unsigned *ret)
{
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9')
        digits++;
    uint64_t number;
    if (digits > 4 || !str_number((struct str){text->data, digits}, &number))
        return false;
    *ret = (unsigned)number;
    *text = str_skip(*text, digits);
    return true;
}

static bool take(struct str *text, struct str part)
{
    if (!str_starts(*text, part))
        return false;
    *text = str_skip(*text, part.length);
    return true;
}

/* "2.1-p9", with whatever a mirror appends to it ("-arm64"). */
static bool parse_tag(struct str text, struct spilo_tag *ret)
{
    struct spilo_tag tag;
    if (!take_number(&text, &tag.major) || !take(&text, STR(".")) ||
        !take_number(&text, &tag.minor) || !take(&text, STR("-p")) ||
        !take_number(&text, &tag.patch))
        return false;
    *ret = tag;
    return true;
}

/* "spilo-16", the last part of the repository's path. */
static bool is_spilo(struct str repository)
{
    unsigned postgresql;
    return take(&repository, STR("spilo-")) && take_number(&repository, &postgresql) &&
           !repository.length;
}

struct image image_parse(struct str reference)
{
    struct image image = {0};
    for (size_t i = 0; i < reference.length; i++)
        if (reference.data[i] == '@')
            reference.length = i;
    for (size_t i = reference.length; i > 0; i--)
        if (reference.data[i - 1] == '/') {
            reference = str_skip(reference, i);
            break;
        }
    long colon = str_find(reference, STR(":"));
    if (colon < 0 || !is_spilo((struct str){reference.data, (size_t)colon}))
        return image;
    image.known = parse_tag(str_skip(reference, (size_t)colon + 1), &image.tag);
    return image;
}

enum image_side image_side(struct image image)
{
    if (!image.known)
        return IMAGE_SIDE_UNKNOWN;
    return image_before(image, 2, 1, 9) ? IMAGE_SIDE_OLD : IMAGE_SIDE_NEW;
}

bool image_before(struct image image, unsigned major, unsigned minor, unsigned patch)
{
    return image.known && compare(image.tag, (struct spilo_tag){major, minor, patch}) < 0;
}

void image_versions(struct image image, unsigned *ret_first, unsigned *ret_last)
{
    size_t row = 0;
    for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
        if (compare(image.tag, releases[i].from) >= 0)
            row = i;
    *ret_first = releases[row].first;
    *ret_last = releases[row].last;
}

bool image_carries(struct image image, unsigned postgresql)
{
    if (!image.known)
        return true;
    unsigned first, last;
    image_versions(image, &first, &last);
    return postgresql >= first && postgresql <= last;
}
