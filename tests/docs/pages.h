/* The pages of docs/ that are made from tables of the code. */
#ifndef TESTS_DOCS_PAGES_H
#define TESTS_DOCS_PAGES_H

#include "base/buf.h"

/* Adds the page of all variables that spilo reads (Markdown). */
void variables_page(struct buf *page);

#endif
